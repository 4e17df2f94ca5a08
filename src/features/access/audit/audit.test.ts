import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, type TestContext } from "../../../../tests/support/context.ts";
import { type CallOptions, call } from "../../../../tests/support/http.ts";
import { openPeople, type People } from "../../../../tests/support/people.ts";
import { addPerson, auditOf } from "../../../../tests/support/team.ts";
import type { AuditDraft } from "../../../journal/audit.ts";
import { verifyAudit } from "../../../journal/audit-verify.ts";
import { mutate } from "../../../journal/mutate.ts";
import type { Id } from "../../../kernel/ids.ts";
import { HOUR } from "../../../kernel/units.ts";

let context: TestContext;
let people: People;
let keys: { readonly live: string; readonly test: string };
let workspaceId: Id<"ws">;
let environments: { readonly live: Id<"env">; readonly test: Id<"env"> };
let other: { readonly id: Id<"ws">; readonly live: string };
beforeEach(async () => {
  context = await createTestContext();
  people = await openPeople(context);
  const { workspace, environments: made } = people.made;
  workspaceId = workspace.id;
  environments = { live: made.live.id, test: made.test.id };
  keys = { live: made.live.secretKey, test: made.test.secretKey };
  const second = await people.access.createWorkspace(
    { kind: "system", name: "test", request: { id: "r" } },
    { name: "Other" },
  );
  other = { id: second.workspace.id, live: second.environments.live.secretKey };
});
afterEach(() => context.close());

const leave = (draft: Partial<AuditDraft>, requestId = "req-1") =>
  mutate(context, { kind: "operator", request: { id: requestId } }, async () => ({
    result: undefined,
    audit: [{ workspaceId, action: "thing.changed", target: "t", ...draft }],
    announce: [],
    jobs: [],
  }));
const get = (path: string, options: CallOptions = { key: keys.live }) => call(people.server, "GET", path, options);
const list = async (query = "", options?: CallOptions) => {
  const answer = await get(`/v1/audit${query}`, options);
  expect(answer.status).toBe(200);
  return answer.body as { data: { action: string; target: string; sequence: number }[]; next: string | null };
};
const targets = async (query: string, options?: CallOptions) =>
  (await list(query, options)).data.map(({ target }) => target);

describe("who may read the audit log", () => {
  test("a key needs audit:read, and sees its environment and the workspace itself, never the other half", async () => {
    await leave({ target: "of-live", environmentId: environments.live });
    await leave({ target: "of-test", environmentId: environments.test });
    await leave({ target: "of-workspace" });
    await leave({ target: "of-another", workspaceId: other.id });
    await leave({ target: "of-installation", workspaceId: "" });
    const query = "?action=thing.changed";
    expect(await targets(query)).toEqual(["of-workspace", "of-live"]);
    expect(await targets(query, { key: keys.test })).toEqual(["of-workspace", "of-test"]);
    expect(await targets(query, { key: other.live })).toEqual(["of-another"]);
    const narrow = await call(people.server, "POST", "/v1/keys", {
      key: keys.live,
      body: { name: "n", scopes: ["events:read"] },
    });
    for (const path of ["/v1/audit", "/v1/audit/export"]) {
      const refused = await get(path, { key: narrow.body.secretKey });
      expect([refused.status, refused.body.error.message]).toEqual([403, "The key lacks the scope audit:read."]);
      expect((await get(path, {})).status).toBe(401);
    }
    expect(await auditOf(context, "audit.exported")).toEqual([]);
  });

  test("a person needs a role that has it, in the environment that they name", async () => {
    const admin = await addPerson(context, people, "admin", { role: "admin", live: "viewer" });
    const viewer = await addPerson(context, people, "viewer", { role: "viewer" });
    for (const path of ["/v1/audit", "/v1/audit/export"]) {
      const asked = async (who: typeof admin, environment: string) =>
        (await people.get(`${path}?environment=${environment}`, who)).status;
      expect(await asked(admin, environments.test)).toBe(200);
      expect(await asked(admin, environments.live)).toBe(403);
      expect(await asked(viewer, environments.test)).toBe(403);
    }
  });

  test("the installation's own chain is for its operator, and no key's", async () => {
    const owner = await addPerson(context, people, "owner", { role: "owner" });
    const operator = await people.signIn();
    for (const path of ["/v1/instance/audit", "/v1/instance/audit/export"]) {
      expect((await people.get(path, operator)).status).toBe(200);
      expect((await people.get(path, owner)).status).toBe(403);
      expect((await get(path)).status).toBe(403);
      expect((await get(path, {})).status).toBe(401);
    }
    const { body } = await people.get("/v1/instance/audit?action=account.*", operator);
    expect(body.data[0]).toMatchObject({ workspaceId: null, action: "account.signed_in", asWhom: null });
    expect(body.data.every(({ workspaceId: of }: { workspaceId: string | null }) => of === null)).toBe(true);
  });
});

describe("a list", () => {
  test("says who, from where, in which request, what, and what it was before", async () => {
    await call(people.server, "POST", "/v1/keys", {
      key: keys.live,
      body: { name: "Backend", scopes: ["events:write"] },
      headers: { "x-request-id": "my-request" },
      peer: "203.0.113.7",
    });
    const { data } = await list("?requestId=my-request");
    expect(data as unknown).toEqual([
      {
        id: expect.stringMatching(/^aud_/),
        workspaceId,
        sequence: expect.any(Number),
        at: "2026-11-20T18:04:00.000Z",
        environmentId: environments.live,
        actor: expect.stringMatching(/^key_/),
        asWhom: null,
        action: "key.created",
        target: expect.stringMatching(/^key_/),
        requestId: "my-request",
        address: "203.0.113.7",
        before: null,
        after: expect.objectContaining({ name: "Backend", scopes: ["events:write"] }),
        details: null,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ]);
  });

  test("is narrowed by actor, action, target, request and time", async () => {
    await leave({ target: "a", action: "thing.made" }, "req-a");
    await context.clock.advance(HOUR);
    await leave({ target: "b" }, "req-b");
    await context.clock.advance(HOUR);
    await leave({ target: "c", action: "things.gone" }, "req-c");
    expect(await targets("?action=thing.*")).toEqual(["b", "a"]);
    expect(await targets("?action=thing.made")).toEqual(["a"]);
    expect(await targets("?actor=operator&action=thing*")).toEqual(["c", "b", "a"]);
    expect(await targets("?actor=nobody")).toEqual([]);
    expect(await targets("?target=b")).toEqual(["b"]);
    expect(await targets("?requestId=req-c")).toEqual(["c"]);
    expect(await targets("?since=2026-11-20T19:04:00Z&action=thing*")).toEqual(["c", "b"]);
    expect(await targets("?since=2026-11-20T19:04:00Z&until=2026-11-20T20:04:00Z&action=thing*")).toEqual(["b"]);
  });

  test("finds what was done in a person's name as well as by whom", async () => {
    const impersonation = { id: "imp_1", operatorId: context.ids.next("acc"), readOnly: false };
    const accountId = context.ids.next("acc");
    const principal = {
      kind: "account" as const,
      accountId,
      sessionId: context.ids.next("ses"),
      isOperator: false,
      impersonation,
      request: { id: "r" },
    };
    await mutate(context, principal, async () => ({
      result: undefined,
      audit: [{ workspaceId, action: "thing.changed", target: "both" }],
      announce: [],
      jobs: [],
    }));
    expect(await targets(`?actor=${accountId}`)).toEqual(["both"]);
    expect(await targets(`?actor=${impersonation.operatorId}`)).toEqual(["both"]);
  });

  test.each([
    ["?action=Key%20Created"],
    ["?action=*.created"],
    ["?since=yesterday"],
    ["?until=2026-13-01T00:00:00Z"],
    ["?actor="],
    [`?target=${"x".repeat(301)}`],
    ["?limit=0"],
    ["?after=bm90aGluZw"],
  ])("refuses what it does not understand: %s", async (query) => {
    expect((await get(`/v1/audit${query}`)).status).toBe(422);
  });

  test("goes page by page, stable while entries are added", async () => {
    for (const target of ["a", "b", "c", "d", "e"]) await leave({ target });
    const query = "?action=thing.changed&limit=2";
    const first = await list(query);
    await leave({ target: "later" });
    const second = await list(`${query}&after=${first.next}`);
    const third = await list(`${query}&after=${second.next}`);
    expect([first, second, third].map(({ data }) => data.map(({ target }) => target))).toEqual([
      ["e", "d"],
      ["c", "b"],
      ["a"],
    ]);
    expect(third.next).toBeNull();
    const exact = await list("?action=thing.changed&limit=6");
    expect([exact.data.length, exact.next]).toEqual([6, null]);
  });
});

/** Reads RFC 4180 back: cells that end by a comma or by the line's end. */
function parseCsv(text: string): Record<string, string>[] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = "", end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  const [names = [], ...lines] = rows;
  return lines.map((line) => Object.fromEntries(names.map((name, index) => [name, line[index] ?? ""])));
}

describe("an export", () => {
  const HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    'a "b", c',
    " padded ",
    "two\nlines",
    '=HYPERLINK("x")',
  ];

  test("as JSON lines is what the list shows, oldest first, and says itself that it was made", async () => {
    for (const target of ["a", "b"]) await leave({ target, before: { n: 1 }, after: { n: 2 } });
    const answer = await get("/v1/audit/export?format=jsonl");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson; charset=utf-8");
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="audit-2026-11-20.jsonl"');
    expect(answer.headers.get("x-request-id")).toBeString();
    const lines = answer.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toEqual((await list("?limit=200")).data.toReversed());
    expect(lines.at(-1)).toMatchObject({ action: "audit.exported", target: workspaceId, details: { format: "jsonl" } });
  });

  test("as CSV is read back whole, and holds no cell that a spreadsheet would run", async () => {
    for (const target of HOSTILE) await leave({ target, after: { note: '=cmd|"x"' } });
    const answer = await get("/v1/audit/export?format=csv&action=thing.changed");
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    const rows = parseCsv(answer.text);
    expect(rows.map(({ target }) => target)).toEqual(
      HOSTILE.map((target) => (/^[=+\-@\t\r]/.test(target) ? `'${target}` : target)),
    );
    for (const row of rows) {
      expect(JSON.parse(row.after ?? "")).toEqual({ note: '=cmd|"x"' });
      for (const cell of Object.values(row)) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
    }
    expect(Object.keys(rows[0] ?? {})).toHaveLength(15);
  });

  test("leaves an entry with what was asked for, before a line is given", async () => {
    await get("/v1/audit/export?format=csv&actor=operator&since=2026-11-20T00:00:00Z");
    const [entry, ...more] = await auditOf(context, "audit.exported");
    expect(more).toEqual([]);
    expect([entry?.workspace_id, JSON.parse(entry?.details ?? "")]).toEqual([
      workspaceId,
      { format: "csv", actor: "operator", environmentId: environments.live, since: "2026-11-20T00:00:00.000Z" },
    ]);
    await people.get("/v1/instance/audit/export", await people.signIn());
    expect((await auditOf(context, "audit.exported"))[1]).toMatchObject({ workspace_id: "", target: "installation" });
  });

  test("never has an entry of another workspace or of the other environment", async () => {
    await leave({ target: "mine", environmentId: environments.live });
    await leave({ target: "not-mine", workspaceId: other.id });
    await leave({ target: "other-half", environmentId: environments.test });
    await leave({ target: "above", workspaceId: "" });
    for (const format of ["jsonl", "csv"]) {
      const { text } = await get(`/v1/audit/export?format=${format}`);
      expect(text).toContain("mine");
      for (const foreign of ["not-mine", "other-half", "above", other.id]) expect(text).not.toContain(foreign);
    }
  });

  test("refuses another format", async () => {
    expect((await get("/v1/audit/export?format=xlsx")).status).toBe(422);
  });

  const MANY = 30_000;
  test("of a long chain is given piece by piece: none is large, and no more is read than is taken", async () => {
    await context.database.write((writer) =>
      writer.insertMany({
        table: "audit_entries",
        columns: [
          ...["workspace_id", "sequence", "id", "at", "actor", "action", "target", "request_id"],
          ...["details", "details_digest", "previous", "digest"],
        ],
        rows: Array.from({ length: MANY }, (_, at) => [
          ...[other.id, at + 100, `aud_${at}`, context.clock.now(), "operator", "thing.changed", `t${at}`, "r"],
          ...[`{"after":{"note":"${"x".repeat(100)}"}}`, "", "", ""],
        ]),
      }),
    );
    await context.database.write((writer) =>
      writer.run("UPDATE audit_heads SET sequence = ? WHERE workspace_id = ?", [MANY + 99, other.id]),
    );
    let asked = 0;
    const read: typeof context.database.read = (ask) => {
      asked += 1;
      return context.database.read(ask);
    };
    const counted = await openPeopleOver({ ...context, database: { ...context.database, read } });
    const request = () =>
      counted.handle(
        new Request("http://localhost/v1/audit/export", { headers: { authorization: `Bearer ${other.live}` } }),
      );
    const slow = (await request()).body?.getReader();
    await slow?.read();
    await slow?.read();
    const before = asked;
    await Bun.sleep(20);
    expect(asked).toBe(before);
    await slow?.cancel();

    let lines = 0;
    let largest = 0;
    for await (const chunk of (await request()).body ?? []) {
      largest = Math.max(largest, chunk.length);
      lines += Buffer.from(chunk).toString().split("\n").length - 1;
    }
    expect(lines).toBeGreaterThanOrEqual(MANY);
    expect(largest).toBeLessThan(400_000);
  });
});

/** The same room behind another server, whose database is watched. */
async function openPeopleOver(watched: TestContext) {
  const { createAccess } = await import("../index.ts");
  const { createServer } = await import("../../../http/server.ts");
  const { createMetrics } = await import("../../../kernel/metrics.ts");
  const own = { ...watched, metrics: createMetrics() };
  const access = await createAccess(own);
  return createServer({
    context: own,
    authenticate: access.authenticate,
    isClaimed: access.isClaimed,
    features: [access.feature],
  });
}

test("what the room leaves in its chains holds", async () => {
  await get("/v1/audit/export");
  expect((await context.database.read((reader) => verifyAudit(context, reader))).faults).toEqual([]);
});
