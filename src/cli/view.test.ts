import { expect, test } from "bun:test";
import { unixMs } from "../kernel/units.ts";
import { sentLines } from "./events-view.ts";
import { explainLines } from "./explain-view.ts";
import type { Arrival } from "./listen/arrival.ts";
import { arrivalLines, endLines, forwardLine, headLines } from "./listen/view.ts";
import { COLUMNS, effectLines, paletteFor, printable, timeText } from "./view.ts";

const plain = paletteFor(false, undefined);
const coloured = paletteFor(true, undefined);
const ESCAPE = "\u001b";

const ARRIVAL: Arrival = {
  delivery: "dlv_01kav3c8xeezz9qk3h5m1x8f3q",
  event: "points.earned",
  attempt: 1,
  outboundEvent: "evt_01kav3c8xeezz9qk3h5m1x8f3q",
  userId: "ada",
  latencyMs: 12,
  hatch: "ok",
  standard: "ok",
  body: {},
};
const EFFECT = {
  id: "eff_1",
  type: "points.earned",
  userId: "ada",
  rule: "lesson_xp",
  reason: "event.properties.score >= 60",
  currency: "xp",
  amount: 94,
  balance: 1_234,
};

test("what others wrote can't move the cursor, paint, or turn the writing round", () => {
  expect(printable(`a${ESCAPE}[2Jb\r\nc\u202ed\u0007`)).toBe("a·[2Jb··c·d·");
  const hostile = { ...ARRIVAL, event: `x${ESCAPE}[31m`, userId: `${ESCAPE}]0;title\u0007` };
  expect(arrivalLines(plain, unixMs(0), hostile).join()).not.toContain(ESCAPE);
  const answer = { status: undefined, ms: 1, note: `${ESCAPE}[0m`, taken: false };
  expect(forwardLine(plain, ARRIVAL.delivery, answer)).not.toContain(ESCAPE);
});

test.each([
  [0, "1 ms"],
  [12.4, "12 ms"],
  [999.4, "999 ms"],
  [4_210, "4.2 s"],
  [59_900, "59.9 s"],
  [180_000, "3 min"],
])("%d ms is %s", (ms, text) => expect(timeText(ms)).toBe(text));

test("the balance stands behind what was given, where it is asked for", () => {
  expect(effectLines(plain, EFFECT)[0]).toMatch(/\+94 xp {2,}lesson_xp/);
  expect(effectLines(plain, EFFECT, { balance: true })[0]).toMatch(/\+94 xp → 1,234 +lesson_xp/);
});

test("a delivery takes one line of 80 columns, whatever it holds", () => {
  for (const arrival of [ARRIVAL, { ...ARRIVAL, event: "a".repeat(128), userId: "u".repeat(255), latencyMs: 59_940 }]) {
    const [line = ""] = arrivalLines(plain, unixMs(0), arrival);
    expect(line.length).toBeLessThanOrEqual(COLUMNS);
    expect(line).toEndWith("verified");
  }
  expect(
    forwardLine(plain, ARRIVAL.delivery, { status: 204, ms: 12, note: undefined, taken: true }).length,
  ).toBeLessThan(COLUMNS);
});

test("another attempt and a signature that does not hold are said below it", () => {
  const lines = arrivalLines(plain, unixMs(0), { ...ARRIVAL, attempt: 3, standard: "too_old", latencyMs: undefined });
  expect(lines[0]).toEndWith("REFUSED");
  expect(lines[1]).toContain("attempt 3");
  expect(lines[2]).toContain("X-Hatch-Signature ok, webhook-signature too old");
});

test("colours are there for a person only", () => {
  expect(arrivalLines(coloured, unixMs(0), ARRIVAL).join()).toContain(ESCAPE);
  expect(arrivalLines(plain, unixMs(0), ARRIVAL).join()).not.toContain(ESCAPE);
});

test("a secret that lies in a file is not shown", () => {
  const listening = { id: "sub_1", secret: "whsec_abc", events: ["*"], resumed: true, waiting: 1, warnings: ["Odd."] };
  const head = { url: "http://127.0.0.1:4282", environment: "test", listening, forwardTo: undefined };
  expect(headLines(plain, { ...head, secretFile: undefined }).join("\n")).toContain("whsec_abc");
  const kept = headLines(plain, { ...head, secretFile: "secret" }).join("\n");
  expect(kept).not.toContain("whsec_abc");
  expect(kept).toContain("Odd.");
  expect(kept).toContain("taken up again, 1 delivery waiting");
});

test("the end counts, and says how to go on where something was kept", () => {
  const count = { arrived: 3, verified: 3, taken: 2, refused: 1 };
  expect(endLines(plain, count, false, undefined)).toEqual(["", "  3 deliveries, 3 verified."]);
  expect(endLines(plain, count, true, "my desk").at(-1)).toContain("hatch listen --name 'my desk'");
});

const SENT = {
  id: "lesson-1",
  type: "lesson_completed",
  userId: "ada",
  occurredAt: "2026-11-20T18:04:00.000Z",
  receivedAt: "2026-11-20T18:04:05.000Z",
  programVersion: 1,
  status: "accepted" as const,
  effects: [EFFECT],
};
const STORED = { ...SENT, localDate: "2026-11-20", requestId: "req_1", properties: { score: 94 } };

test("a key that may not look is shown what it was answered, and no advice that could be wrong", () => {
  const lines = sentLines(plain, { sent: SENT, followed: undefined, tookMs: 4, environment: "test" }).join("\n");
  expect(lines).toContain("accepted  lesson_completed of ada, on the disk after 4 ms");
  expect(lines).not.toMatch(/No webhook left|No rule/);
});

test("an explanation says what is no longer kept, and that more deliveries than shown were caused", () => {
  const delivery = {
    id: "dlv_1",
    subscriptionId: "sub_1",
    outboundEventId: "evt_1",
    event: "points.earned",
    status: "failed" as const,
    reason: "http_404",
    attemptCount: 1,
    createdAt: SENT.receivedAt,
    endedAt: SENT.receivedAt,
  };
  const event = {
    ...STORED,
    propertiesPurged: true as const,
    considered: [{ rule: "gift", fired: false, reason: "is false" }],
    deliveries: [delivery, { ...delivery, id: "dlv_2" }],
  };
  const attempt = {
    id: "att_1",
    number: 1,
    verdict: "refused" as const,
    startedAt: SENT.receivedAt,
    endedAt: "2026-11-20T18:04:05.250Z",
    error: null,
    request: null,
    response: { status: 404, headers: {}, body: "" },
    timings: null,
  };
  const shown = {
    ...delivery,
    waitingFor: null,
    nextAttemptAt: null,
    replaying: false,
    failures: 1,
    attempts: [attempt],
  };
  const text = explainLines(plain, { event, deliveries: [shown] }).join("\n");
  expect(text).toMatch(/properties +no longer kept/);
  expect(text).toMatch(/received +\S+, 5\.0 s after it happened/);
  expect(text).toMatch(/nothing +gift +is false/);
  expect(text).toMatch(/points\.earned +failed +http 404/);
  expect(text).toMatch(/1 {2}2026-11-20T18:04:05\.000Z +250 ms {2}404/);
  expect(text).toContain("and 1 more");
});
