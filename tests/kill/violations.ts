import type { Finished } from "../support/hatch.ts";
import type { Clients } from "./clients.ts";
import type { Evidence } from "./evidence.ts";
import type { Receiver } from "./receiver.ts";
import type { Amounts } from "./workload.ts";

export interface Ending {
  readonly clients: Clients;
  readonly receiver: Receiver;
  readonly evidence: Evidence;
  readonly expected: ReadonlyMap<string, Amounts>;
  readonly pullers: number;
  readonly duplicates: number;
  readonly inFlightAtKills: number;
  readonly stuckSending: number;
  readonly doctor: Finished;
  readonly exitCode: number;
}

const NAMED = 5;

function differences(
  name: string,
  actual: ReadonlyMap<string, Amounts>,
  expected: ReadonlyMap<string, Amounts>,
): string[] {
  return [...expected].flatMap(([userId, amounts]) =>
    Object.entries(amounts)
      .filter(([currency, amount]) => (actual.get(userId)?.[currency] ?? 0) !== amount)
      .map(
        ([currency, amount]) =>
          `${name}: ${userId} has ${actual.get(userId)?.[currency] ?? 0} ${currency}, not ${amount}`,
      ),
  );
}

/** Every promise that was not kept, in words; none where all were. */
export function violationsOf(ending: Ending): string[] {
  const { clients, receiver, evidence, expected } = ending;
  return [
    ...storing(ending),
    ...delivering(ending),
    ...differences("ledger", evidence.balances, expected).slice(0, NAMED),
    ...differences("state", evidence.states, expected).slice(0, NAMED),
    ...(clients.refused.length > 0 ? [`${clients.refused.length} refused, the first: ${clients.refused[0]}`] : []),
    ...(receiver.forged > 0 ? [`${receiver.forged} requests with a wrong signature`] : []),
    ...standing(ending),
  ];
}

const broken = (faults: readonly (readonly [boolean, string])[]): string[] =>
  faults.filter(([isBroken]) => isBroken).map(([, fault]) => fault);

function storing({ clients, evidence }: Ending): string[] {
  const { acknowledged, sent } = clients;
  const { stored, storedTwice } = evidence;
  const lost = [...acknowledged].filter((id) => !stored.has(id));
  return broken([
    [acknowledged.size !== sent.size, `${acknowledged.size} acknowledged of ${sent.size}`],
    [lost.length > 0, `${lost.length} acknowledged and lost, the first: ${lost[0]}`],
    [stored.size !== sent.size, `${stored.size} stored of ${sent.size}`],
    [storedTwice > 0, `${storedTwice} stored twice`],
  ]);
}

function delivering({ clients, receiver, evidence, pullers, duplicates, inFlightAtKills }: Ending): string[] {
  const sent = [...clients.sent.values()];
  const pushed = sent.filter(({ type }) => type !== "notice_posted");
  const notices = sent.length - pushed.length;
  const missing = pushed.filter(({ id }) => clients.acknowledged.has(id) && !receiver.events.has(id));
  const given = [...receiver.turnedAway].filter(([delivery]) => !receiver.taken.has(delivery));
  const { deliveries, pulled, pulledTwice } = evidence;
  const whole = pulled.filter((rows) => rows === pullers).length;
  return broken([
    [missing.length > 0, `${missing.length} never delivered, the first: ${missing[0]?.id}`],
    [receiver.taken.size !== pushed.length, `${receiver.taken.size} different deliveries of ${pushed.length}`],
    [deliveries.delivered !== pushed.length, `deliveries by status: ${JSON.stringify(deliveries)}`],
    [given.length > 0, `${given.length} never recovered under their id, the first: ${given[0]?.[0]}`],
    [whole !== notices || pulled.length !== notices, `${whole} of ${notices} fan-outs reached all ${pullers}`],
    [pulledTwice > 0, `${pulledTwice} deliveries of fan-outs written twice`],
    [duplicates > inFlightAtKills, `${duplicates} delivered twice, ${inFlightAtKills} were in flight at the kills`],
  ]);
}

function standing({ evidence, stuckSending, doctor, exitCode }: Ending): string[] {
  const { ledgerSums, integrity } = evidence;
  const complaints = doctor.stdout.split("\n").filter((line) => !line.startsWith("ok"));
  return broken([
    [stuckSending > 0, `${stuckSending} still sending`],
    [
      Object.values(ledgerSums).some((sum) => sum !== 0),
      `the ledger does not sum to zero: ${JSON.stringify(ledgerSums)}`,
    ],
    [integrity !== "ok", `integrity: ${integrity}`],
    [doctor.code !== 0, `hatch doctor: ${complaints.join(" ")}`],
    [exitCode !== 0, `the last server ended with ${exitCode}`],
  ]);
}
