import { describe, expect, test } from "bun:test";
import { seededChance } from "../../kernel/chance.ts";
import { durationMs, HOUR, MINUTE, SECOND, type UnixMs, unixMs } from "../../kernel/units.ts";
import type { FailureKind, OutboundResult } from "../../outbound/outbound.ts";
import { judge, parseRetryAfter, type Rules, settle, type Verdict } from "./deliver.ts";
import type { DeliveryProgress, ReplayOrigin } from "./types.ts";

const NOW = unixMs(Date.UTC(2026, 10, 20, 18, 4, 0));
const LADDER = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR].map(durationMs);
const timings = { dns: 0, firstByte: 0, body: 0 };

const answered = (status: number, headers: Record<string, string> = {}): OutboundResult => ({
  kind: "answered",
  status,
  headers,
  body: new Uint8Array(),
  timings,
  address: "203.0.113.7",
});
const failed = (failure: FailureKind): OutboundResult => ({
  kind: "failed",
  failure,
  message: `It failed: ${failure}.`,
  timings,
  address: undefined,
});

const fresh: DeliveryProgress = {
  attempts: 1,
  failures: 0,
  interruptions: 0,
  refusals: 0,
  replayFrom: undefined,
  cancelRequested: false,
  dueAt: unixMs(NOW - 1_000),
};
const rules: Rules = {
  endedAt: NOW,
  retryDelays: LADDER,
  retryJitter: 0,
  chance: seededChance("ladder"),
  resting: "waits",
  validSecrets: 1,
};
const after = (progress: Partial<DeliveryProgress>, verdict: Verdict, changed: Partial<Rules> = {}) =>
  settle({ ...fresh, ...progress }, verdict, { ...rules, ...changed });
const retry: Verdict = { kind: "retry", reason: "answered 500" };

describe("what an answer means", () => {
  test.each([
    [200, "delivered"],
    [204, "delivered"],
    [299, "delivered"],
    [300, "retry"],
    [301, "retry"],
    [304, "retry"],
    [307, "retry"],
    [400, "refused"],
    [401, "refused"],
    [403, "refused"],
    [404, "refused"],
    [408, "retry"],
    [410, "gone"],
    [422, "refused"],
    [425, "retry"],
    [429, "retry"],
    [499, "refused"],
    [500, "retry"],
    [503, "retry"],
    [599, "retry"],
    [600, "retry"],
    [999, "retry"],
  ] as const)("%d: %s", (status, kind) => {
    expect(judge(answered(status), NOW).kind).toBe(kind);
  });

  test.each(["forbidden_address", "dns", "connect", "tls", "timeout", "protocol"] as const)("%s: retry", (failure) => {
    expect(judge(failed(failure), NOW)).toEqual({ kind: "retry", reason: `It failed: ${failure}.` });
  });

  test("a request that our own stop cut off is no failure of the receiver", () => {
    expect(judge(failed("aborted"), NOW)).toEqual({ kind: "interrupted", counted: false });
  });

  test("only 401 and 403 can mean that the signature was refused", () => {
    expect(judge(answered(401), NOW)).toMatchObject({ signatureRefused: true });
    expect(judge(answered(403), NOW)).toMatchObject({ signatureRefused: true });
    expect(judge(answered(404), NOW)).toMatchObject({ signatureRefused: false });
  });
});

describe("Retry-After", () => {
  test.each([
    ["120", NOW + 120_000],
    [" 120 ", NOW + 120_000],
    ["0", NOW],
    ["86400", NOW + 24 * HOUR],
    ["86401", NOW + 24 * HOUR],
    ["999999999999999", NOW + 24 * HOUR],
    ["9".repeat(1_024), NOW + 24 * HOUR],
    ["000120", NOW + 120_000],
    ["\t120 \t", NOW + 120_000],
    ["Fri, 20 Nov 2026 18:14:00 GMT", NOW + 10 * MINUTE],
    ["Fri, 27 Nov 2026 18:04:00 GMT", NOW + 24 * HOUR],
    ["Friday, 20-Nov-26 18:14:00 GMT", NOW + 10 * MINUTE],
    ["Fri Nov 20 18:14:00 2026", NOW + 10 * MINUTE],
    ["Fri, 31 Dec 9999 23:59:59 GMT", NOW + 24 * HOUR],
    ["Friday, 20-Nov-76 18:14:00 GMT", NOW + 24 * HOUR],
    ["Friday, 20-Nov-77 18:14:00 GMT", undefined],
    ["Fri, 20 Nov 2026 18:04:00 GMT", undefined],
    ["Thu, 01 Jan 1970 00:00:00 GMT", undefined],
    ["Fri Nov 20 18:03:59 2026", undefined],
    ["Fri, 31 Feb 2027 18:14:00 GMT", undefined],
    ["Fri, 20 Nov 2026 18:14 GMT", undefined],
    ["Fri, 20 Nov 2026 18:03:00 GMT", undefined],
    ["2026-11-20T19:00:00Z", undefined],
    ["-5", undefined],
    ["1.5", undefined],
    ["1,5", undefined],
    ["+5", undefined],
    ["1e3", undefined],
    ["0x78", undefined],
    ["120s", undefined],
    ["PT2M", undefined],
    ["1 20", undefined],
    ['"120"', undefined],
    ["120; 5", undefined],
    ["120, 120", undefined],
    ["120, 3600", undefined],
    ["120, Fri, 20 Nov 2026 18:14:00 GMT", undefined],
    ["Fri, 20 Nov 2026 18:14:00 GMT, 120", undefined],
    ["\u0661\u0662\u0660", undefined],
    ["\uff11\uff12\uff10", undefined],
    ["\u00a0120", undefined],
    ["120\0", undefined],
    ["NaN", undefined],
    ["Infinity", undefined],
    ["soon", undefined],
    ["", undefined],
    ["Fri, 20 Nov 2026 18:14:00 +0100", undefined],
  ])("%p", (value, at) => {
    expect(parseRetryAfter(value, NOW)).toBe(at as UnixMs | undefined);
  });

  test("moves a retry later than the ladder", () => {
    const verdict = judge(answered(429, { "Retry-After": "120" }), NOW);
    expect(after({}, verdict).dueAt).toBe(unixMs(NOW + 120_000));
  });

  test("never moves a retry earlier than the ladder", () => {
    const verdict = judge(answered(429, { "retry-after": "5" }), NOW);
    expect(after({}, verdict).dueAt).toBe(unixMs(NOW + MINUTE));
  });

  test.each([408, 425, 429, 503])("counts in a %d", (status) => {
    expect(judge(answered(status, { "retry-after": "3600" }), NOW)).toMatchObject({ notBefore: unixMs(NOW + HOUR) });
  });

  test.each([200, 301, 304, 404, 500, 502, 504])("does not count in a %d", (status) => {
    expect(judge(answered(status, { "retry-after": "3600" }), NOW)).not.toHaveProperty("notBefore");
  });

  test("that can't be read leaves the ladder as it is", () => {
    const verdict = judge(answered(429, { "retry-after": "120, 3600" }), NOW);
    expect(after({}, verdict).dueAt).toBe(unixMs(NOW + MINUTE));
  });
});

describe("the ladder", () => {
  test("has five steps from the end of each failed attempt, then the delivery has failed", () => {
    const steps = [0, 1, 2, 3, 4, 5].map((failures) => after({ failures, attempts: failures + 1 }, retry));
    expect(steps.map(({ status }) => status)).toEqual([
      "pending",
      "pending",
      "pending",
      "pending",
      "pending",
      "failed",
    ]);
    expect(steps.slice(0, 5).map(({ dueAt }) => dueAt - NOW)).toEqual(LADDER.map(Number));
    expect(steps.slice(0, 5).every(({ waitingFor }) => waitingFor === "retry")).toBe(true);
    expect(steps[5]).toMatchObject({ failures: 6, endedAt: NOW, reason: "answered 500: the last of 6 failures" });
  });

  test("jitter is only ever added, up to its share", () => {
    for (let round = 0; round < 200; round++) {
      const { dueAt } = after({}, retry, { retryJitter: 0.1 });
      expect(dueAt - NOW).toBeGreaterThanOrEqual(MINUTE);
      expect(dueAt - NOW).toBeLessThan(1.1 * MINUTE);
    }
  });

  test("a subscription may have its own, or none", () => {
    expect(after({ failures: 1 }, retry, { retryDelays: [SECOND, 7 * SECOND].map(durationMs) }).dueAt - NOW).toBe(
      7_000,
    );
    expect(after({}, retry, { retryDelays: [] })).toMatchObject({ status: "failed", reason: "answered 500" });
  });

  test("another 4xx ends it at once", () => {
    expect(after({}, judge(answered(404), NOW))).toMatchObject({
      status: "failed",
      reason: "answered 404: not retried",
    });
  });
});

describe("a refused signature", () => {
  const refused = judge(answered(401), NOW);

  test("is tried again at once with the newest secret while two are valid, using up no retry", () => {
    expect(after({ failures: 2 }, refused, { validSecrets: 2 })).toMatchObject({
      status: "pending",
      dueAt: NOW,
      failures: 2,
      refusals: 1,
    });
  });

  test("ends the delivery when the newest is refused too", () => {
    expect(after({ refusals: 1 }, refused, { validSecrets: 2 }).status).toBe("failed");
  });

  test("goes through every secret that is valid, each once", () => {
    for (const refusals of [0, 1]) {
      expect(after({ refusals }, refused, { validSecrets: 3 })).toMatchObject({
        status: "pending",
        failures: 0,
        refusals: refusals + 1,
      });
    }
    expect(after({ refusals: 2 }, refused, { validSecrets: 3 }).status).toBe("failed");
    // One of them ended meanwhile.
    expect(after({ refusals: 2 }, refused, { validSecrets: 2 }).status).toBe("failed");
  });

  test("ends the delivery where there is only one secret", () => {
    expect(after({}, refused).status).toBe("failed");
  });
});

describe("an interruption", () => {
  const cut: Verdict = { kind: "interrupted", counted: true };

  test("uses up no retry and leaves the delivery due when it was", () => {
    expect(after({ failures: 3 }, cut)).toMatchObject({
      status: "pending",
      failures: 3,
      interruptions: 1,
      dueAt: fresh.dueAt,
    });
  });

  test("three in a row count as one failure", () => {
    expect(after({ failures: 3, interruptions: 2 }, cut)).toMatchObject({
      status: "pending",
      failures: 4,
      interruptions: 0,
      dueAt: unixMs(NOW + 2 * HOUR),
    });
  });

  test("an orderly stop is not counted", () => {
    expect(after({ interruptions: 2 }, { kind: "interrupted", counted: false })).toMatchObject({
      status: "pending",
      interruptions: 2,
    });
  });

  test("an answer ends the row", () => {
    expect(after({ interruptions: 2 }, retry).interruptions).toBe(0);
  });
});

describe("a replay", () => {
  const origin = (status: ReplayOrigin["status"]): ReplayOrigin => ({
    status,
    reason: "as it was",
    waitingFor: status === "pending" ? "retry" : null,
    dueAt: unixMs(NOW + 5 * MINUTE),
    endedAt: status === "pending" ? null : unixMs(NOW - HOUR),
  });

  test("that fails leaves what was delivered delivered", () => {
    for (const verdict of [retry, judge(answered(404), NOW), judge(answered(410), NOW)]) {
      expect(after({ replayFrom: origin("delivered"), failures: 1 }, verdict)).toMatchObject({
        status: "delivered",
        reason: "as it was",
        endedAt: unixMs(NOW - HOUR),
        failures: 1,
        replayFrom: undefined,
      });
    }
  });

  test("that fails leaves what waits on the ladder waiting for the same time", () => {
    expect(after({ replayFrom: origin("pending"), failures: 2 }, retry)).toMatchObject({
      status: "pending",
      waitingFor: "retry",
      dueAt: unixMs(NOW + 5 * MINUTE),
      failures: 2,
    });
  });

  test("that fails leaves what had failed failed, without another ladder", () => {
    expect(after({ replayFrom: origin("failed"), failures: 6 }, retry)).toMatchObject({
      status: "failed",
      failures: 6,
    });
  });

  test("of a skipped one walks the ladder, which it never began", () => {
    expect(after({ replayFrom: origin("skipped") }, retry)).toMatchObject({
      status: "pending",
      failures: 1,
      dueAt: unixMs(NOW + MINUTE),
    });
  });

  test("that succeeds is delivered", () => {
    const replayed = after({ replayFrom: origin("failed"), failures: 6 }, judge(answered(200), NOW));
    expect(replayed).toMatchObject({ status: "delivered", endedAt: NOW, replayFrom: undefined });
  });

  test("that is cut off is still a replay", () => {
    expect(after({ replayFrom: origin("delivered") }, { kind: "interrupted", counted: true })).toMatchObject({
      status: "pending",
      replayFrom: origin("delivered"),
    });
  });
});

describe("what would wait", () => {
  test("is canceled where that was asked for while it was sent", () => {
    expect(after({ cancelRequested: true }, retry)).toMatchObject({ status: "canceled", endedAt: NOW });
  });

  test("is delivered all the same where the request came through", () => {
    expect(after({ cancelRequested: true }, judge(answered(200), NOW)).status).toBe("delivered");
  });

  test("is skipped for a disabled subscription and canceled for a deleted one", () => {
    expect(after({}, retry, { resting: "disabled" })).toMatchObject({ status: "skipped", endedAt: NOW });
    expect(after({}, retry, { resting: "deleted" })).toMatchObject({ status: "canceled", endedAt: NOW });
  });

  test("is skipped with its reason on 410", () => {
    expect(after({}, judge(answered(410), NOW), { resting: "disabled" })).toMatchObject({
      status: "skipped",
      reason: "answered 410: the subscription is disabled",
    });
  });

  test("every ended delivery has a reason and a time", () => {
    const verdicts = [200, 404, 410, 500].map((status) => judge(answered(status), NOW));
    for (const verdict of [...verdicts, { kind: "purged" } as const]) {
      const ended = after({ failures: 5 }, verdict, { resting: "disabled" });
      expect(ended.reason).toBeString();
      expect(ended.endedAt).toBe(NOW);
    }
  });
});
