import type { Hatch, Program } from "../../src/client/index.ts";

/** One method of the client, called so that it can be seen what it asks for. */
export interface ClientCall {
  /** As it is written: `events.send`. */
  readonly method: string;
  readonly call: (hatch: Hatch) => Promise<unknown>;
  /** Which argument is the body, and where in the body it goes if it is not all of it. */
  readonly body?: { readonly argument: number; readonly field?: string };
}

const PAGE = { limit: 2, after: "cursor" };
const SINCE = "2026-11-20T18:04:00Z";
const EVENT = { id: "lesson-1", type: "lesson_completed", userId: "ada" };
const PROGRAM: Program = { timezone: "UTC" };
const of = (method: string, call: ClientCall["call"], argument?: number, field?: string): ClientCall => ({
  method,
  call,
  ...(argument === undefined ? {} : { body: { argument, ...(field === undefined ? {} : { field }) } }),
});

/** By the name of the operation in the OpenAPI document. */
export const CALLS: Readonly<Record<string, ClientCall>> = {
  sendEvent: of("events.send", ({ events }) => events.send(EVENT), 0),
  sendEvents: of("events.sendBatch", ({ events }) => events.sendBatch([EVENT]), 0, "events"),
  listEvents: of("events.list", ({ events }) => events.list({ ...PAGE, userId: "ada", type: "x", since: SINCE })),
  getEvent: of("events.get", ({ events }) => events.get("lesson-1", { explain: true, browserOf: "ada" })),
  listRefusedEvents: of("events.refused", ({ events }) => events.refused({ ...PAGE, userId: "ada", type: "x" })),

  putEventType: of("eventTypes.put", ({ eventTypes }) => eventTypes.put("Lesson Done", { forward: true }), 1),
  listEventTypes: of("eventTypes.list", ({ eventTypes }) => eventTypes.list(PAGE)),
  getEventType: of("eventTypes.get", ({ eventTypes }) => eventTypes.get("Lesson Done")),

  listMembers: of("members.list", ({ members }) => members.list(PAGE)),
  getMember: of("members.get", ({ members }) => members.get("a/b")),
  putMember: of("members.update", ({ members }) => members.update("ada", { timezone: "UTC" }), 1),
  listLedger: of("members.ledger", ({ members }) => members.ledger("ada", PAGE)),
  listMemberEvents: of("members.events", ({ members }) => members.events("ada", PAGE)),
  adjustBalance: of(
    "members.adjust",
    ({ members }) => members.adjust("ada", { currency: "xp", amount: 1, reason: "sorry" }),
    1,
  ),

  getProgram: of("program.get", ({ program }) => program.get()),
  getProgramDraft: of("program.getDraft", ({ program }) => program.getDraft()),
  putProgramDraft: of("program.saveDraft", ({ program }) => program.saveDraft(PROGRAM, { ifMatch: "abc" }), 0),
  validateProgram: of("program.validate", ({ program }) => program.validate(PROGRAM, { members: true })),
  publishProgram: of("program.publish", ({ program }) => program.publish({ note: "first", program: PROGRAM }), 0),
  rollBackProgram: of("program.rollBack", ({ program }) => program.rollBack({ version: 1 }), 0),
  listProgramVersions: of("program.versions", ({ program }) => program.versions(PAGE)),

  createWebhook: of("webhooks.create", ({ webhooks }) => webhooks.create({ mode: "pull", events: ["*"] }), 0),
  listWebhooks: of("webhooks.list", ({ webhooks }) => webhooks.list({ ...PAGE, all: true })),
  getWebhook: of("webhooks.get", ({ webhooks }) => webhooks.get("sub_1")),
  changeWebhook: of("webhooks.update", ({ webhooks }) => webhooks.update("sub_1", { active: false }), 1),
  deleteWebhook: of("webhooks.delete", ({ webhooks }) => webhooks.delete("sub_1")),
  testWebhook: of("webhooks.test", ({ webhooks }) => webhooks.test("sub_1", { event: "points.earned" }), 1),
  previewWebhook: of("webhooks.preview", ({ webhooks }) => webhooks.preview("sub_1", { filter: "true" }), 1),
  previewWebhookSettings: of(
    "webhooks.previewSettings",
    ({ webhooks }) => webhooks.previewSettings({ events: ["points.*"], signature: "stripe" }),
    0,
  ),
  rotateWebhookSecret: of("webhooks.rotateSecret", ({ webhooks }) => webhooks.rotateSecret("sub_1"), 1),
  finishWebhookRotation: of("webhooks.finishRotation", ({ webhooks }) => webhooks.finishRotation("sub_1")),
  resumeWebhook: of("webhooks.resume", ({ webhooks }) => webhooks.resume("sub_1")),
  recoverWebhook: of("webhooks.recover", ({ webhooks }) => webhooks.recover("sub_1", { since: SINCE }), 1),
  recoverWebhooks: of(
    "webhooks.recoverAll",
    ({ webhooks }) => webhooks.recoverAll({ since: SINCE, dryRun: true, subscriptions: ["sub_1"] }),
    0,
  ),
  listJobs: of("jobs.list", ({ jobs }) => jobs.list(PAGE)),
  getJob: of("jobs.get", ({ jobs }) => jobs.get("job_1")),
  pauseJob: of("jobs.pause", ({ jobs }) => jobs.pause("job_1")),
  resumeJob: of("jobs.resume", ({ jobs }) => jobs.resume("job_1")),
  cancelJob: of("jobs.cancel", ({ jobs }) => jobs.cancel("job_1")),
  getWebhookHealth: of("webhooks.health", ({ webhooks }) => webhooks.health("sub_1")),
  getWebhooksHealth: of("webhooks.overview", ({ webhooks }) => webhooks.overview(PAGE)),
  pullDeliveries: of("webhooks.pull", ({ webhooks }) => webhooks.pull("sub_1", { waitMs: 20_000, limit: 5 })),
  acknowledgeDeliveries: of("webhooks.ack", ({ webhooks }) => webhooks.ack("sub_1", ["dlv_1"]), 1, "deliveries"),
  checkSignature: of(
    "webhooks.checkSignature",
    ({ webhooks }) => webhooks.checkSignature({ body: "{}", headers: { "webhook-id": "dlv_1" }, secret: "x" }),
    0,
  ),
  listOutboundEventTypes: of("webhooks.events", ({ webhooks }) => webhooks.events()),

  listDeliveries: of("deliveries.list", ({ deliveries }) =>
    deliveries.list({ ...PAGE, subscription: "sub_1", status: "failed", event: "points.earned", since: SINCE }),
  ),
  getDelivery: of("deliveries.get", ({ deliveries }) => deliveries.get("dlv_1")),
  replayDelivery: of("deliveries.replay", ({ deliveries }) => deliveries.replay("dlv_1", { asNew: true }), 1),
  cancelDelivery: of("deliveries.cancel", ({ deliveries }) => deliveries.cancel("dlv_1")),
  getOutboundEvent: of("outboundEvents.get", ({ outboundEvents }) => outboundEvents.get("evt_1")),

  listAudit: of("audit.list", ({ audit }) =>
    audit.list({
      ...PAGE,
      actor: "acc_1",
      action: "key.*",
      target: "key_1",
      requestId: "r",
      since: SINCE,
      until: SINCE,
    }),
  ),

  listKeys: of("keys.list", ({ keys }) => keys.list(PAGE)),
  createKey: of("keys.create", ({ keys }) => keys.create({ name: "backend" }), 0),
  changeKey: of("keys.update", ({ keys }) => keys.update("key_1", { ownedBy: null }), 1),
  rotateKey: of("keys.rotate", ({ keys }) => keys.rotate("key_1", { overlap: "0" }), 1),
  revokeKey: of("keys.revoke", ({ keys }) => keys.revoke("key_1")),

  createWidgetSession: of(
    "tokens.createWidget",
    ({ tokens }) => tokens.createWidget({ userId: "ada", scopes: ["progress:read"] }),
    0,
  ),
  createEmbedToken: of("tokens.createEmbed", ({ tokens }) => tokens.createEmbed({ userId: "ada" }), 0),
  listWidgetSessions: of("tokens.list", ({ tokens }) => tokens.list("ada", PAGE)),
  revokeWidgetSession: of("tokens.revoke", ({ tokens }) => tokens.revoke("wst_1")),
  revokeWidgetSessions: of("tokens.revokeAll", ({ tokens }) => tokens.revokeAll("ada")),
  inspectCredential: of("credentials.inspect", ({ credentials }) => credentials.inspect({ credential: "x" }), 0),
};
