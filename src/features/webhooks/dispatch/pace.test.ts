import { describe, expect, test } from "bun:test";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Verdict } from "../deliver.ts";
import type { HealthRow } from "../subscriptions/store.ts";
import { type AnswerKind, afterAnswer, answerKindOf, classOf, FRESH, type Pace, paceOf } from "./pace.ts";

const CEILING = 16;
/** Answers one after another: kind and how long it took. */
function after(pace: Pace, ...answers: readonly (readonly [AnswerKind, number])[]): Pace {
  let [at, next] = [0, pace];
  for (const [kind, tookMs] of answers) {
    next = afterAnswer(next, { kind, startedAt: at, endedAt: at + tookMs }, CEILING);
    at += tookMs + 1;
  }
  return next;
}
const times = (count: number, kind: AnswerKind, tookMs: number) =>
  Array.from({ length: count }, () => [kind, tookMs] as const);
const BUSY: Pace = { ...FRESH, proven: true, cap: 16, smoothedMs: 20 };

describe("the class of an endpoint", () => {
  test.each([
    ["of which nothing is known", FRESH, [], "trial"],
    ["after its first good answer", FRESH, times(1, "good", 20), "quick"],
    ["after a good answer that took long", FRESH, times(1, "good", 3_000), "slow"],
    ["that hung at once", FRESH, times(1, "trouble", 10_000), "silent"],
    ["that failed at once, quickly", FRESH, times(1, "trouble", 5), "failing"],
    ["that failed once among successes", BUSY, times(1, "trouble", 5), "quick"],
    ["that failed three times in a row", BUSY, times(3, "trouble", 5), "failing"],
    ["that timed out once", BUSY, times(1, "trouble", 10_000), "slow"],
    ["that came back", BUSY, [...times(5, "trouble", 5), ...times(1, "good", 20)], "quick"],
    ["that was slow and has one quick answer", BUSY, [...times(4, "good", 5_000), ...times(1, "good", 20)], "slow"],
    ["that was slow and is quick again", BUSY, [...times(4, "good", 5_000), ...times(10, "good", 20)], "quick"],
    ["that never answered and then does", FRESH, [...times(2, "trouble", 10_000), ...times(12, "good", 5)], "quick"],
    ["that was cut off by ourselves", FRESH, times(5, "none", 10_000), "trial"],
  ] as const)("%s", (_, pace, answers, kind) => {
    expect(classOf(after(pace, ...answers))).toBe(kind);
  });
});

describe("the cap of an endpoint", () => {
  test.each([
    ["one for a stranger", FRESH, [], 1],
    ["several once it has answered well", FRESH, times(1, "good", 20), 4],
    ["one more for each quick answer", FRESH, times(6, "good", 20), 9],
    ["never over the setting", FRESH, times(100, "good", 20), CEILING],
    ["no more for answers that took long", FRESH, [...times(1, "good", 20), ...times(9, "good", 600)], 4],
    ["half after trouble", BUSY, times(1, "trouble", 5), 8],
    ["never under one", BUSY, times(9, "trouble", 5), 1],
    ["it recovers", BUSY, [...times(9, "trouble", 5), ...times(7, "good", 20)], 8],
  ] as const)("%s", (_, pace, answers, cap) => {
    expect(after(pace, ...answers).cap).toBe(cap);
  });

  test("requests that began before it was halved do not halve it again", () => {
    let pace = BUSY;
    for (let index = 0; index < 16; index++) {
      pace = afterAnswer(pace, { kind: "trouble", startedAt: index, endedAt: 10_000 + index }, CEILING);
    }
    expect(pace.cap).toBe(8);
  });
});

describe("after a restart", () => {
  const health = (failures: number, succeeded: boolean): HealthRow => ({
    subscription_id: "sub_a",
    failures_in_row: failures,
    failing_since: null,
    last_success_at: succeeded ? (1 as UnixMs) : null,
    last_failure_at: null,
  });
  test.each([
    ["one that is not on record", undefined, "trial", 1],
    ["one that was never sent to", health(0, false), "trial", 1],
    ["one that answered well", health(0, true), "quick", 4],
    ["one that failed lately", health(2, true), "quick", 4],
    ["one that answered well long ago", health(9, true), "slow", 1],
    ["one that never answered well", health(9, false), "silent", 1],
  ] as const)("%s", (_, row, kind, cap) => {
    const pace = paceOf(row);
    expect([classOf(pace), pace.cap]).toEqual([kind, cap]);
  });
});

test.each([
  [{ kind: "delivered", reason: "" }, "good"],
  [{ kind: "refused", reason: "", signatureRefused: false }, "good"],
  [{ kind: "gone", reason: "" }, "good"],
  [{ kind: "retry", reason: "" }, "trouble"],
  [{ kind: "interrupted", counted: true }, "none"],
  [{ kind: "purged" }, "none"],
] as const satisfies readonly (readonly [Verdict, AnswerKind])[])("of the endpoint %p says %p", (verdict, kind) => {
  expect(answerKindOf({ verdict })).toBe(kind);
});
