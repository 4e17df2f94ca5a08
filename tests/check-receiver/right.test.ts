import { describe, expect, test } from "bun:test";
import { runHere } from "../support/command-line.ts";
import { examine, examineAt, SECRET, statuses } from "./exam.ts";
import { isRunnableAsPrinted, loadOrigin, PRINTED, startOrigin } from "./origin.ts";
import { type Got, hatchReceiver, libraryReceiver, type Receive, standardReceiver, startReceive } from "./receivers.ts";

describe("a right receiver passes everything", () => {
  const hatch = hatchReceiver(SECRET);
  const standard = standardReceiver(SECRET);
  const both: Receive = async (got) => ((await standard(got)) === 204 ? hatch(got) : 401);
  const either: Receive = async (got) => ((await standard(got)) === 204 ? 204 : hatch(got));

  test.each([
    ["of X-Hatch-Signature", hatch, "both", "hatch"],
    ["of X-Hatch-Signature, asked for it alone", hatch, "hatch", "hatch"],
    ["of Standard Webhooks", standard, "both", "standard"],
    ["of Standard Webhooks, asked for it alone", standard, "standard", "standard"],
    ["that asks for both", both, "both", "both"],
    ["that is content with either", either, "both", "either"],
    ["made of the npm package standardwebhooks", libraryReceiver(SECRET), "standard", "standard"],
    ["made of the npm package standardwebhooks, sent what Hatch sends", libraryReceiver(SECRET), "both", "standard"],
  ])("%s", async (_name, receive, format, decides) => {
    const { exit, report, graded } = await examine(receive, "--format", format);
    expect(graded("pass")).toEqual(report.checks.map(({ id }) => id));
    expect(report).toMatchObject({ ok: true, decides, mistakes: [] });
    expect(exit).toBe(0);
  });

  test("with a secret that is no base64, which Standard Webhooks calls raw", async () => {
    const secret = "a secret of forty characters, well chosen";
    const receiver = startReceive(standardReceiver(secret, { key: secret }));
    const { exit } = await runHere(["check-receiver", receiver.url, "--secret", secret]);
    await receiver.stop();
    expect(exit).toBe(0);
  });

  test("and what was sent to it was a delivery of Hatch's, in everything", async () => {
    const { got } = await examine(hatch);
    const [{ headers, body }] = got as [Got];
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "application/json",
      "user-agent": expect.stringMatching(/^Hatch\/\d/),
      "x-hatch-attempt": "1",
      "x-hatch-delivery": expect.stringMatching(/^dlv_[0-9a-z]{26}$/),
      "x-hatch-event": "receiver.check",
      "x-hatch-signature": expect.stringMatching(/^sha256=[0-9a-f]{64}$/),
      "x-hatch-timestamp": expect.stringMatching(/^\d{10}$/),
      "webhook-id": headers.get("x-hatch-delivery"),
      "webhook-timestamp": headers.get("x-hatch-timestamp"),
      "webhook-signature": expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
    });
    expect(JSON.parse(body)).toEqual({
      id: expect.stringMatching(/^evt_[0-9a-z]{26}$/),
      event: "receiver.check",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      data: expect.anything(),
    });
  });

  test("and is told what can't be seen from outside", async () => {
    const { check } = await examine(hatch);
    expect(check("duplicate").remark).toContain("can't be seen from here");
  });

  test("the duplicate is the first delivery again, and the two at once are one", async () => {
    const { got } = await examine(hatch);
    const times = new Map<string, number>();
    for (const { headers } of got) {
      const id = headers.get("x-hatch-delivery") ?? "none";
      times.set(id, (times.get(id) ?? 0) + 1);
    }
    const repeated = [...times].filter(([id, count]) => id !== "none" && count > 1);
    // The duplicate, and three pairs of twins.
    expect(repeated.map(([, count]) => count)).toEqual([2, 2, 2, 2]);
    expect(repeated[0]?.[0]).toBe(got[0]?.headers.get("x-hatch-delivery") as string);
  });
});

describe("the code of the origin document", () => {
  test("does not even compile as printed: it awaits in a function that is not async", () => {
    expect(PRINTED).toContain("const body = await req.text();");
    expect(isRunnableAsPrinted()).toBe(false);
  });

  test("with async added goes on working, through a rotation too, and is told where it falls over", async () => {
    const origin = startOrigin(await loadOrigin(), SECRET);
    const { exit, report, graded, check } = await examineAt(origin.url);
    await origin.stop();
    expect(exit).toBe(0);
    expect(report).toMatchObject({ ok: true, decides: "hatch", mistakes: [] });
    expect(graded("note")).toEqual(["part-of-the-signature", "empty-signature"]);
    expect(check("part-of-the-signature").mistakes.map(({ id }) => id)).toEqual(["collapses-at-garbage"]);
    expect(statuses(check("part-of-the-signature"))).toEqual([500, 401]);
    expect(statuses(check("rotation-new-secret"))).toEqual([401, 204]);
  });
});
