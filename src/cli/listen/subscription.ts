import { type Hatch, HatchError, type Subscription } from "../../client/index.ts";
import { parseIsoTime, systemClock } from "../../kernel/clock.ts";
import { DAY, type UnixMs } from "../../kernel/units.ts";

/** What a listener hears by. */
export interface Listening {
  readonly id: string;
  /** What signs the deliveries. */
  readonly secret: string;
  readonly events: readonly string[];
  /** It was there before. */
  readonly resumed: boolean;
  /** What waited for the listener when it was. */
  readonly waiting: number;
  /** What the server has to say about it. */
  readonly warnings: readonly string[];
}

export interface Hearing {
  readonly events: readonly string[];
  /** Under which it is found again; absent where it ends with the listener. */
  readonly name: string | undefined;
  /** One is made where there is none. */
  readonly secret: string | undefined;
}

const PAGE = 200;

/** How a listener's subscription is told from those that receivers have. */
const descriptionOf = (name: string | undefined): string =>
  name === undefined ? "hatch listen" : `hatch listen --name ${name}`;

/** The subscriptions of listeners of that name, or of those without one. */
async function* listenersOf({ webhooks }: Hatch, name: string | undefined): AsyncGenerator<Subscription> {
  let after: string | undefined;
  do {
    const page = await webhooks.list({ all: true, limit: PAGE, ...(after === undefined ? {} : { after }) });
    yield* page.data.filter(({ mode, description }) => mode === "pull" && description === descriptionOf(name));
    after = page.next ?? undefined;
  } while (after !== undefined);
}

async function findByName(client: Hatch, name: string): Promise<Subscription | undefined> {
  for await (const found of listenersOf(client, name)) return found;
  return undefined;
}

/** Whoever listens fetches what is due within seconds, or when the laptop wakes: nobody comes back to these. */
const ABANDONED_MS = DAY;
/** What is left is found by the next start. */
const LOOKED_AT_MAX = 20;

/** A listener that was killed takes nothing along: its subscription would gather deliveries for ever. */
async function removeAbandoned(client: Hatch, now: UnixMs): Promise<void> {
  let left = LOOKED_AT_MAX;
  for await (const { id } of listenersOf(client, undefined)) {
    if (left-- === 0) return;
    const { waiting } = await client.webhooks.health(id);
    const dueAt = waiting.nextDueAt === null ? undefined : parseIsoTime(waiting.nextDueAt);
    if (dueAt !== undefined && now - dueAt > ABANDONED_MS) await client.webhooks.delete(id);
  }
}

/** Others tidy up at the same time, or end: that is no reason not to listen. */
async function tidyUp(client: Hatch, now: UnixMs): Promise<void> {
  try {
    await removeAbandoned(client, now);
  } catch (error) {
    if (!(error instanceof HatchError)) throw error;
  }
}

/** A secret is shown once: who comes back gets another, and the old one ends, as nobody holds it any more. */
async function resume({ webhooks }: Hatch, id: string, { events, secret }: Hearing): Promise<Listening> {
  const changed = await webhooks.update(id, { events, active: true });
  const given = secret === undefined ? {} : { secret };
  const rotated = await webhooks.rotateSecret(id, { overlap: "0s", ...given });
  const { waiting } = await webhooks.health(id);
  return {
    id,
    events: changed.events,
    secret: secret ?? rotated.secret ?? "",
    resumed: true,
    waiting: waiting.count,
    warnings: changed.warnings ?? [],
  };
}

/** Makes the pull subscription, or takes up the one of that name. */
export async function openSubscription(
  client: Hatch,
  hearing: Hearing,
  now: UnixMs = systemClock.now(),
): Promise<Listening> {
  const { events, name, secret } = hearing;
  if (name === undefined) await tidyUp(client, now);
  const known = name === undefined ? undefined : await findByName(client, name);
  if (known) return resume(client, known.id, hearing);
  const created = await client.webhooks.create({
    mode: "pull",
    events,
    description: descriptionOf(name),
    ...(secret === undefined ? {} : { secret }),
  });
  return {
    id: created.id,
    events: created.events,
    secret: secret ?? created.secret ?? "",
    resumed: false,
    waiting: 0,
    warnings: created.warnings ?? [],
  };
}
