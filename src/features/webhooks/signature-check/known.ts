import { findOutboundEvent } from "../../../journal/outbox.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { type Keyring, WrongKeyError } from "../../../kernel/crypto.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { findDelivery, listOfEvents } from "../deliveries/store.ts";
import { makesBody } from "../format/format.ts";
import { openFormat } from "../format/stored.ts";
import type { Room } from "../room.ts";
import { secretPlace } from "../subscriptions/secrets.ts";
import { findForSending, listSecrets } from "../subscriptions/store.ts";
import type { ElsewhereSecret, SignatureQuestion, TriedSecret } from "./question.ts";
import { findOtherHalf, type HeldSecretRow, listHeldSecrets } from "./store.ts";

/** Secrets of others that are tried for one question. */
const TRIED_MAX = 2_000;
const PAGE = 200;
const DELIVERIES_MAX = 50;

export interface OwnSecrets {
  readonly current: readonly TriedSecret[];
  readonly ended: readonly ElsewhereSecret[];
}

/** Undefined where it does not open: one that is damaged signs nothing, and keeps nobody from an answer. */
function openSecret(keyring: Keyring, { id, sealed }: { readonly id: string; readonly sealed: string }) {
  try {
    return keyring.open(secretPlace(id), sealed);
  } catch (error) {
    if (error instanceof WrongKeyError) return undefined;
    throw error;
  }
}

/** The secrets of a subscription that was found in its environment before. */
export async function findOwnSecrets({ database, keyring, clock }: Room, id: Id<"sub">): Promise<OwnSecrets> {
  const rows = await database.read((reader) => listSecrets(reader, id));
  const now = clock.now();
  const current: TriedSecret[] = [];
  const ended: ElsewhereSecret[] = [];
  for (const row of rows) {
    const text = openSecret(keyring, row);
    if (text === undefined) continue;
    const made = `made at ${isoTime(row.created_at)}`;
    if (row.expires_at === null) current.unshift({ text, name: `the subscription's newest secret, ${made}` });
    else if (row.expires_at > now) {
      current.push({
        text,
        name: `the subscription's secret ${made}, whose overlap ends at ${isoTime(row.expires_at)}`,
      });
    } else {
      const message = `It was signed with a secret of the subscription whose overlap ended at ${isoTime(row.expires_at)}.`;
      ended.push({ text, name: "", code: "secret_previous", message });
    }
  }
  return { current, ended };
}

/** What the database knows of the request: the body that was sent, and what else it may be of. */
export async function findKnown(
  room: Room,
  { environmentId }: EnvironmentPrincipal,
  { deliveryId, body }: { readonly deliveryId: string | undefined; readonly body: string },
): Promise<Pick<SignatureQuestion, "sentBody" | "otherIds" | "otherBodies"> & { readonly subscriptionId?: Id<"sub"> }> {
  const eventId = /"id"\s*:\s*"(evt_\w{1,64})"/.exec(body.slice(0, 500))?.[1];
  return room.database.read(async (reader) => {
    const named = deliveryId !== undefined && isId("dlv", deliveryId) ? deliveryId : undefined;
    const delivery = named === undefined ? undefined : await findDelivery(reader, environmentId, named);
    const others =
      eventId !== undefined && isId("evt", eventId)
        ? await listOfEvents(reader, environmentId, [eventId], DELIVERIES_MAX)
        : [];
    const otherIds = others.map(({ id }) => id);
    if (!delivery) return { otherIds };
    const row = await findForSending(reader, delivery.subscription_id);
    // What is made by an expression is not kept.
    const isKept = row !== undefined && !makesBody(openFormat(room.keyring, row));
    const event = isKept ? await findOutboundEvent(reader, environmentId, delivery.outbound_event_id) : undefined;
    const sent = event?.body ?? undefined;
    const known = { otherIds, subscriptionId: delivery.subscription_id };
    if (sent === undefined) return known;
    if (eventId === undefined || eventId === delivery.outbound_event_id) return { ...known, sentBody: sent };
    const message = `The body is of the event ${eventId}, the headers of ${delivery.outbound_event_id}.`;
    return { ...known, otherBodies: [{ text: sent, message }] };
  });
}

/** Everybody's secrets, the likeliest first: of the delivery's own subscription, of this environment, of the other half. */
export async function* secretsElsewhere(
  room: Room,
  principal: EnvironmentPrincipal,
  asked: {
    readonly secrets: readonly TriedSecret[];
    readonly ended: readonly ElsewhereSecret[];
    readonly subscriptionId: Id<"sub"> | undefined;
  },
): AsyncGenerator<ElsewhereSecret> {
  yield* asked.ended;
  const given = new Set(asked.secrets.map(({ text }) => text));
  if (asked.subscriptionId !== undefined) {
    const { current, ended } = await findOwnSecrets(room, asked.subscriptionId);
    const wasGiven = ended.some(({ text }) => given.has(text));
    for (const { text } of current) {
      if (given.has(text)) continue;
      yield wasGiven
        ? {
            text,
            name: "",
            code: "secret_previous",
            message: `The secret that you gave is a former one of ${asked.subscriptionId}: its overlap has ended.`,
          }
        : {
            text,
            name: "",
            code: "secret_of_other",
            message: `It was signed with the secret of ${asked.subscriptionId}, which is not the one that you gave.`,
          };
    }
  }
  yield* walk(
    room,
    principal.environmentId,
    given,
    (row) => `It was signed with the secret of ${row.subscription_id}, which is not the one that you gave.`,
  );
  const half = await room.database.read((reader) =>
    findOtherHalf(reader, principal.workspaceId, principal.environmentKind),
  );
  if (half === undefined) return;
  yield* walk(
    room,
    half,
    given,
    (row) =>
      `It was signed with the secret of a subscription in ${row.environment_kind}; you ask in ${principal.environmentKind}.`,
  );
}

async function* walk(
  { database, keyring }: Room,
  environmentId: Id<"env">,
  given: ReadonlySet<string>,
  say: (row: HeldSecretRow) => string,
): AsyncGenerator<ElsewhereSecret> {
  let after: HeldSecretRow | undefined;
  for (let tried = 0; tried < TRIED_MAX; tried += PAGE) {
    const rows = await database.read((reader) => listHeldSecrets(reader, environmentId, { after, rows: PAGE }));
    for (const row of rows) {
      const text = openSecret(keyring, row);
      if (text !== undefined && !given.has(text)) yield { text, name: "", code: "secret_of_other", message: say(row) };
    }
    after = rows.at(-1);
    if (rows.length < PAGE) return;
  }
}
