import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import RudderAnalytics from "@rudderstack/rudder-sdk-node";
import { Analytics } from "@segment/analytics-node";
import { CloudEvent, emitterFor, HTTP, httpTransport, Mode } from "cloudevents";
import { applyProgram } from "../../src/features/progression/index.ts";
import { claim, type OpenApp, openApp } from "../support/app.ts";
import { SMALL_PROGRAM } from "../support/progression.ts";

/*
 * Libraries of others as their packages have them, against a server that listens: nothing but the address and the key
 * is changed.
 */

let app: OpenApp;
let key: string;

beforeAll(async () => {
  app = await openApp();
  key = (await claim(app)).live;
  const environment = (await app.access.listEnvironments()).find(({ kind }) => kind === "live");
  if (!environment) throw new Error("a workspace has a live environment");
  const { id: environmentId, workspaceId } = environment;
  const operator = { kind: "operator", request: { id: "test" } } as const;
  await applyProgram(app.progression.room, operator, { workspaceId, environmentId, content: SMALL_PROGRAM });
});
afterAll(() => app.close());

const get = async (path: string) => {
  const answer = await fetch(`${app.url}${path}`, { headers: { authorization: `Bearer ${key}` } });
  // biome-ignore lint/suspicious/noExplicitAny: a flow looks into answers freely
  return (await answer.json()) as any;
};
const member = (userId: string) => get(`/v1/members/${encodeURIComponent(userId)}`);
const eventsOf = async (userId: string) => (await get(`/v1/events?userId=${encodeURIComponent(userId)}`)).data;
const refusedOf = async (userId: string) => (await get(`/v1/events/refused?userId=${encodeURIComponent(userId)}`)).data;
const metrics = async () => await (await fetch(`${app.url}/metrics`)).text();

describe("@segment/analytics-node with only host and write key changed", () => {
  test("events have effects, traits are attributes, what is refused is listed", async () => {
    const answered: number[] = [];
    const analytics = new Analytics({ writeKey: key, host: app.url, flushAt: 10, maxRetries: 0 });
    analytics.on("http_response", ({ status }) => answered.push(status));
    analytics.identify({ userId: "seg_1", traits: { plan: "family", seats: 4 } });
    analytics.track({ userId: "seg_1", event: "lesson", properties: { score: 90 } });
    analytics.track({ userId: "seg_1", event: "lesson", properties: { score: "90" } });
    analytics.track({ userId: "seg_1", event: "unheard_of" });
    analytics.track({
      anonymousId: "tab-7",
      event: "lesson",
      properties: { score: 5 },
      timestamp: new Date(Date.now() - 86_400_000),
    });
    analytics.page({ userId: "seg_1", name: "Home" });
    analytics.group({ userId: "seg_1", groupId: "school" });
    analytics.alias({ userId: "seg_1", previousId: "tab-7" });
    analytics.screen({ userId: "seg_1", name: "Start" });
    await analytics.closeAndFlush();

    expect(answered).toEqual([200]);
    expect(await member("seg_1")).toMatchObject({
      attributes: { plan: "family", seats: 4 },
      balances: { xp: { available: 90 } },
    });
    const [event] = await eventsOf("seg_1");
    expect(event).toMatchObject({ type: "lesson", properties: { score: 90 } });
    expect(event.id).toMatch(/^node-next-/);
    expect(event.effects[0]).toMatchObject({ type: "points.earned", amount: 90 });
    const [yesterday] = await eventsOf("anon:tab-7");
    expect(Date.parse(yesterday.receivedAt) - Date.parse(yesterday.occurredAt)).toBeGreaterThan(86_000_000);
    const refused = await refusedOf("seg_1");
    expect(
      refused.map(({ type, error }: { type: string; error: { details: { path: string }[] } }) => [
        type,
        error.details[0]?.path,
      ]),
    ).toEqual([
      ["unheard_of", "event"],
      ["lesson", "properties.score"],
    ]);
    expect(JSON.stringify(refused)).not.toContain('"90"');
    const counted = await metrics();
    expect(counted).toContain('hatch_segment_messages_total{type="page",outcome="ignored"} 1');
    expect(counted).toContain('hatch_events_refused_total{source="segment",code="validation_failed"} 2');
  });

  test("a batch that is sent again counts once", async () => {
    const analytics = new Analytics({ writeKey: key, host: app.url, flushAt: 1 });
    const bodies: string[] = [];
    analytics.on("http_request", ({ body }) => bodies.push(String(body)));
    analytics.track({ userId: "seg_2", event: "lesson", properties: { score: 3 } });
    await analytics.closeAndFlush();
    const [body = ""] = bodies;
    const again = await fetch(`${app.url}/v1/batch`, { method: "POST", body });
    expect([again.status, await again.text()]).toEqual([200, '{"success":true}']);
    expect((await member("seg_2")).balances.xp.available).toBe(3);
  });

  test("is told 401 where its key is wrong, and does not send again and again", async () => {
    const answered: number[] = [];
    const analytics = new Analytics({ writeKey: "hk_live_wrong", host: app.url, flushAt: 1 });
    analytics.on("http_response", ({ status }) => answered.push(status));
    analytics.track({ userId: "seg_3", event: "lesson" });
    await analytics.closeAndFlush();
    expect(answered).toEqual([401]);
    expect(await eventsOf("seg_3")).toEqual([]);
  });
});

test("@rudderstack/rudder-sdk-node with only dataPlaneUrl and write key changed, its bodies packed", async () => {
  const analytics = new RudderAnalytics(key, { dataPlaneUrl: app.url, flushAt: 20, logLevel: "error" });
  analytics.identify({ userId: "rud_1", traits: { plan: "single" } });
  for (const score of [10, 20]) analytics.track({ userId: "rud_1", event: "lesson", properties: { score } });
  analytics.track({ userId: "rud_1", event: "unheard_of" });
  analytics.page({ userId: "rud_1", name: "Home" });
  await analytics.flush();
  expect(await member("rud_1")).toMatchObject({ attributes: { plan: "single" }, balances: { xp: { available: 30 } } });
  expect((await refusedOf("rud_1")).map(({ type }: { type: string }) => type)).toEqual(["unheard_of"]);
});

describe("the package cloudevents with only the address and the key changed", () => {
  const options = () => ({ headers: { authorization: `Bearer ${key}` } });
  const eventFor = (userId: string) =>
    new CloudEvent({ source: "https://lessons.example/", type: "lesson", subject: userId, data: { score: 12 } });
  const transport = () => httpTransport(`${app.url}/v1/events`);

  test.each([
    ["binary", "ce_1", Mode.BINARY],
    ["structured", "ce_2", Mode.STRUCTURED],
  ] as const)("%s", async (_, userId, mode) => {
    const event = eventFor(userId);
    const emit = emitterFor(transport(), { mode, binding: HTTP });
    const sent = (await emit(event, options())) as { readonly body: string };
    expect(JSON.parse(sent.body)).toMatchObject({ id: `${event.source}|${event.id}`, status: "accepted", userId });
    const again = (await emit(event, options())) as { readonly body: string };
    expect(JSON.parse(again.body).status).toBe("duplicate");
    expect((await member(userId)).balances.xp.available).toBe(12);
  });

  test("what is refused is answered and listed", async () => {
    const emit = emitterFor(transport(), { mode: Mode.STRUCTURED });
    const sent = (await emit(eventFor("ce_3").cloneWith({ type: "unheard_of" }), options())) as {
      readonly body: string;
    };
    expect(JSON.parse(sent.body).error.details[0].path).toBe("type");
    expect(await refusedOf("ce_3")).toMatchObject([{ source: "cloudevents", type: "unheard_of", userId: "ce_3" }]);
  });

  test("batched, as its events put themselves into JSON", async () => {
    const events = [eventFor("ce_4"), eventFor("ce_4"), eventFor("ce_4").cloneWith({ data: "none" })];
    const answer = await fetch(`${app.url}/v1/events`, {
      method: "POST",
      headers: { ...options().headers, "content-type": "application/cloudevents-batch+json" },
      body: JSON.stringify(events),
    });
    // biome-ignore lint/suspicious/noExplicitAny: a flow looks into answers freely
    const { results } = (await answer.json()) as any;
    expect(results.map(({ status }: { status: string }) => status)).toEqual(["accepted", "accepted", "rejected"]);
    expect((await member("ce_4")).balances.xp.available).toBe(24);
  });
});
