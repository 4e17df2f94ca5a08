import type { ExplainedEvent, Hatch, ShownDelivery } from "../client/index.ts";
import { AppError } from "../kernel/errors.ts";
import { isId } from "../kernel/ids.ts";
import type { Command, Invocation } from "./command.ts";
import { CONNECTION_OPTIONS, connect } from "./connection.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { explainLines } from "./explain-view.ts";
import { paletteFor } from "./view.ts";

/** Deliveries whose attempts are shown: the fan-out of one event may be thousands. */
const DELIVERIES_MAX = 20;

/** An outbound event names the event that caused it in its body, for as long as that is kept. */
async function causeOf({ outboundEvents }: Hatch, id: string): Promise<string> {
  const { body } = await outboundEvents.get(id);
  const { data } = JSON.parse(body ?? "{}") as { readonly data?: { readonly eventId?: string; readonly id?: string } };
  const cause = data?.eventId ?? data?.id;
  if (cause !== undefined) return cause;
  throw new AppError("not_found", `No event caused ${id}, or its body is no longer kept.`);
}

/** Ids of what an event caused lead to it too. */
async function eventIdOf(client: Hatch, id: string): Promise<string> {
  if (isId("dlv", id)) return causeOf(client, (await client.deliveries.get(id)).outboundEventId);
  return isId("evt", id) ? causeOf(client, id) : id;
}

async function trace(client: Hatch, id: string) {
  const event = await client.events.get(await eventIdOf(client, id), { explain: true });
  const deliveries: ShownDelivery[] = [];
  for (const delivery of event.deliveries.slice(0, DELIVERIES_MAX)) {
    deliveries.push(await client.deliveries.get(delivery.id));
  }
  return { event, deliveries } satisfies { event: ExplainedEvent; deliveries: readonly ShownDelivery[] };
}

async function explain(invocation: Invocation): Promise<ExitCode> {
  const { terminal, json, environment } = invocation;
  const id = invocation.required("event");
  const connection = await connect(invocation, { name: "hatch explain", scopes: ["events:read", "webhooks:read"] });
  try {
    const told = await trace(connection.client, id);
    if (json) {
      terminal.out(JSON.stringify({ ...told.event, deliveries: told.deliveries }));
    } else {
      for (const line of explainLines(paletteFor(terminal.interactive, environment.NO_COLOR), told)) terminal.out(line);
    }
    return EXIT.done;
  } finally {
    await connection.close();
  }
}

export const command: Command = {
  name: "explain",
  summary: "Tells the whole way of an event: rules, effects, deliveries, answers.",
  options: {
    event: { value: "ID", description: "Your id of the event, or a dlv_… or evt_… id of what it caused." },
    ...CONNECTION_OPTIONS,
  },
  positional: "event",
  example: "hatch explain lesson-881-ada",
  run: explain,
};
