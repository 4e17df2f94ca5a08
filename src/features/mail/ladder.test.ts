import { expect, test } from "bun:test";
import { addMs, DAY, HOUR, MINUTE, unixMs } from "../../kernel/units.ts";
import type { FailedMail, MailOutcome } from "../../outbound/mail/transport.ts";
import { judge, pauseAfter, RETRY_DELAYS } from "./ladder.ts";

const NOW = unixMs(Date.UTC(2026, 10, 20, 18, 4));
const RESUME = addMs(NOW, 5 * MINUTE);
const tried = (failures = 0, expiresAt = addMs(NOW, 7 * DAY)) => ({ attempts: failures + 1, failures, expiresAt });
const failed = (failure: FailedMail["failure"], permanent = false): MailOutcome => ({
  kind: "failed",
  failure,
  permanent,
  message: "Why.",
});

test.each([
  ["sent", { kind: "sent", response: "250 ok" } as const, { state: "sent", failures: 0, lastError: null }],
  ["refused for ever", failed("recipient", true), { state: "failed", failures: 1, lastError: "Why." }],
  ["put off", failed("recipient"), { state: "waiting", failures: 1, dueAt: addMs(NOW, MINUTE) }],
  ["broken off", failed("broken"), { state: "waiting", failures: 1, dueAt: addMs(NOW, MINUTE) }],
  ["stopped by us", failed("aborted"), { state: "waiting", failures: 0, dueAt: NOW }],
  ["without a server", { kind: "held", message: "None." } as const, { state: "waiting", failures: 0, attempts: 0 }],
  ...(["dns", "connect", "tls", "auth", "sender", "server"] as const).map(
    (failure) => [failure, failed(failure), { state: "waiting", failures: 0, dueAt: RESUME }] as const,
  ),
])("a try that was %s", (_, outcome, verdict) => {
  expect(judge(outcome, tried(), NOW, RESUME)).toMatchObject(verdict);
});

test("the ladder takes some days, then a mail is given up with the last reason", () => {
  const total = RETRY_DELAYS.reduce((sum, delay) => sum + delay, 0);
  expect([total > 3 * DAY, total < 5 * DAY]).toEqual([true, true]);
  RETRY_DELAYS.forEach((delay, failures) => {
    expect(judge(failed("message"), tried(failures), NOW, RESUME).dueAt).toBe(addMs(NOW, delay));
  });
  expect(judge(failed("message"), tried(RETRY_DELAYS.length), NOW, RESUME)).toMatchObject({
    state: "failed",
    lastError: `Given up after ${RETRY_DELAYS.length + 1} tries. Why.`,
  });
});

test("nothing is put off beyond its expiry", () => {
  const soon = addMs(NOW, 30_000);
  for (const outcome of [failed("message"), failed("connect"), { kind: "held", message: "None." } as const]) {
    expect(judge(outcome, tried(0, soon), NOW, RESUME).dueAt).toBe(soon);
  }
});

test("a server that fails again is left alone for longer, half an hour at most", () => {
  expect([1, 2, 3, 4, 5, 99].map(pauseAfter)).toEqual([1, 5, 15, 30, 30, 30].map((minutes) => minutes * MINUTE));
  expect(pauseAfter(99)).toBeLessThan(HOUR);
});
