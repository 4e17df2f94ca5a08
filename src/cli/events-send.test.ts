import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import config from "../../hatch.config.ts";
import { openServingApp, type ServingApp } from "../../tests/support/serving.ts";
import { createHatch, type Hatch, type Program } from "../client/index.ts";

let server: ServingApp;
let hatch: Hatch;
beforeAll(async () => {
  server = await openServingApp();
  hatch = createHatch({ url: server.url, key: server.keys.test });
});
afterAll(() => server.close());

const publish = async (): Promise<void> => {
  await hatch.program.saveDraft(config.program as unknown as Program);
  await hatch.program.publish();
};
const send = (...args: string[]) => server.run(["events", "send", "lesson_completed", "--user", "ada", ...args]);

describe("hatch events send", () => {
  test("says what is missing where no program is published yet", async () => {
    const { exit, out } = await send();
    expect(exit).toBe(0);
    expect(out).toContain("accepted  lesson_completed of ada");
    expect(out).toContain("No program is published in test");
    expect(out).toMatch(/hatch init.*hatch apply/);
  });

  test("shows each effect with its reason, each rule that did not fire, each delivery", async () => {
    await publish();
    const alone = await send("--id", "alone", "--properties", '{"score":94}');
    expect(alone.out).toMatch(/\+94 xp +lesson_xp +event\.properties\.score >= 60/);
    expect(alone.out).toContain("nobody is subscribed");

    const nothing = await send("--id", "low", "--properties", '{"score":12}');
    expect(nothing.out).toMatch(/nothing +lesson_xp +event\.properties\.score >= 60 is false/);
    expect(nothing.out).toContain("No rule fired.");

    const mistyped = await server.run(["events", "send", "lesson_complete", "--user", "ada"]);
    expect(mistyped.out).toContain("No rule looks at this type.");

    const { id } = await hatch.webhooks.create({ mode: "pull", events: ["points.*"] });
    const heard = await send("--id", "heard", "--properties", '{"score":94}');
    expect(heard.out).toContain("2 deliveries");
    expect(heard.out).toMatch(/→ points\.earned +dlv_\S+ pending +to sub_/);
    expect(heard.out).toContain("hatch explain heard");
    await hatch.webhooks.delete(id);
  });

  test("of a wide fan-out shows the beginning", async () => {
    const made: string[] = [];
    for (let count = 0; count < 12; count++) {
      made.push((await hatch.webhooks.create({ mode: "pull", events: ["points.*"] })).id);
    }
    const lesson = ["lesson_completed", "--user", "wide", "--properties", '{"score":94}'];
    const { out } = await server.run(["events", "send", ...lesson]);
    expect(out).toContain("24 deliveries");
    expect(out.match(/→ points\.earned/g)).toHaveLength(20);
    expect(out).toContain("and 4 more");
    for (const id of made) await hatch.webhooks.delete(id);
  });

  test("an event that is known already changes nothing, and is said so", async () => {
    const before = await hatch.members.get("ada");
    const { exit, out } = await send("--id", "alone", "--properties", '{"score":94}');
    expect(exit).toBe(0);
    expect(out).toContain("duplicate  known since");
    expect(await hatch.members.get("ada")).toEqual(before);
  });

  test("reads properties from a file, and takes an id and a time", async () => {
    const path = join(server.context.config.dataDirectory, "properties.json");
    writeFileSync(path, '{"score": 61}');
    const at = new Date(Date.now() - 3_600_000).toISOString();
    const { exit, out } = await send("--json", "--id", "file", "--occurred-at", at, "--properties", `@${path}`);
    expect(exit).toBe(0);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({ id: "file", status: "accepted", occurredAt: at, deliveries: [] });
    expect(answer.considered).not.toBeEmpty();
    expect((await hatch.events.get("file")).properties).toEqual({ score: 61 });
  });

  test.each([
    ["without a user", ["events", "send", "lesson_completed"]],
    ["without a type", ["events", "send", "--user", "ada"]],
    ["with two types", ["events", "send", "a", "b", "--user", "ada"]],
    ["with properties that are no JSON", ["events", "send", "a", "--user", "ada", "--properties", "{score:1}"]],
    ["with properties that are no object", ["events", "send", "a", "--user", "ada", "--properties", "[1]"]],
    ["with a file that is not there", ["events", "send", "a", "--user", "ada", "--properties", "@nowhere.json"]],
  ])("%s it is a usage error with an example", async (_, args) => {
    const { exit, error } = await server.run(args);
    expect(exit).toBe(2);
    expect(error).toContain("Example:\n  hatch events send");
  });

  test("what the server refuses is told with its place", async () => {
    const { exit, error } = await send("--occurred-at", "yesterday");
    expect(exit).toBe(2);
    expect(error).toContain("occurredAt:");
    const conflict = await send("--id", "alone", "--properties", '{"score":1}');
    expect(conflict.exit).toBe(3);
  });
});

describe("hatch explain", () => {
  test("tells the whole way: event, rules, effects with balances, deliveries with their answers", async () => {
    const { id, secret } = await hatch.webhooks.create({ mode: "pull", events: ["points.earned"] });
    expect(secret).toBeString();
    await hatch.events.send({
      id: "told",
      type: "lesson_completed",
      userId: "ben",
      properties: { score: 94, note: "\u001b[2Jgone" },
    });
    const { deliveries } = await hatch.webhooks.pull(id, { waitMs: 5_000 });
    const [first] = deliveries;
    await hatch.webhooks.ack(id, [first?.id ?? ""]);

    const { exit, out } = await server.run(["explain", "told"]);
    expect(exit).toBe(0);
    expect(out).toContain("lesson_completed  told");
    expect(out).toMatch(/member +ben/);
    expect(out).toMatch(/program +version 1 decided/);
    expect(out).toMatch(/\+94 xp → 94 +lesson_xp/);
    expect(out).toMatch(/points\.earned +delivered/);
    expect(out).toMatch(/points\.earned +pending +waits for its acknowledgement/);
    expect(out).toContain(`${first?.id} to ${id}`);
    expect(out).toMatch(/1 {2}\S+Z +\S+ \S+ {2}acknowledged/);
    expect(out).not.toContain("\u001b");
  });

  test("finds the event by the id of what it caused", async () => {
    const { deliveries } = await hatch.events.get("told");
    for (const id of [deliveries[0]?.id, deliveries[0]?.outboundEventId]) {
      const { exit, out } = await server.run(["explain", id ?? "", "--json"]);
      expect(exit).toBe(0);
      const told = JSON.parse(out);
      expect(told).toMatchObject({ id: "told", userId: "ben" });
      expect(told.considered).not.toBeEmpty();
      expect(told.deliveries[0].attempts).toHaveLength(1);
    }
  });

  test("says what there is to say where nothing followed", async () => {
    await hatch.events.send({ id: "quiet", type: "nobody_looks", userId: "ben" });
    const { out } = await server.run(["explain", "quiet"]);
    expect(out).toContain("No rule looks at this type.");
    expect(out).toContain("Nothing was subscribed");
  });

  test("an id that is not known is a failure", async () => {
    for (const id of ["nowhere", "dlv_0000000000e008000000000000", "evt_0000000000e008000000000000"]) {
      const { exit, error } = await server.run(["explain", id]);
      expect(exit).toBe(1);
      expect(error).toContain("was not found");
    }
    expect((await server.run(["explain"])).exit).toBe(2);
  });
});
