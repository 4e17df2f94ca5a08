import { hashPassword } from "../../src/features/access/passwords/hashing.ts";
import { createCookieJar } from "../../src/features/access/sessions/cookies.ts";
import { csrfOf } from "../../src/features/access/sessions/csrf.ts";
import { beginSession, signSession } from "../../src/features/access/sessions/session.ts";
import { TokenSigning } from "../../src/features/access/tokens/signing.ts";
import { mailPlace } from "../../src/journal/mail.ts";
import type { Id } from "../../src/kernel/ids.ts";
import type { Role } from "../../src/kernel/roles.ts";
import { TEST_CONFIG, type TestContext } from "./context.ts";
import { type Browser, PASSWORD, type People } from "./people.ts";

/** Links can be made, and mails are written. */
export const WITH_MAIL = {
  ...TEST_CONFIG,
  server: { ...TEST_CONFIG.server, publicUrl: "http://localhost:4282" },
  mail: {
    host: "localhost",
    port: 25,
    tls: "none",
    user: undefined,
    from: { address: "hatch@example.com" },
    replyTo: undefined,
    timeout: 10_000,
  },
} as typeof TEST_CONFIG;

/** Links can be made, and are handed over. */
export const WITHOUT_MAIL = { ...WITH_MAIL, mail: undefined };

export interface Person extends Browser {
  readonly id: Id<"acc">;
  readonly email: string;
}

let hash: Promise<string> | undefined;

/** Somebody with an account and a session, written straight into their tables. */
export async function addPerson(
  context: TestContext,
  people: People,
  name: string,
  {
    role,
    live = null,
    workspaceId = people.made.workspace.id,
    operator = false,
  }: {
    readonly role?: Role;
    readonly live?: Role | null;
    readonly workspaceId?: string;
    readonly operator?: boolean;
  } = {},
): Promise<Person> {
  hash ??= hashPassword(PASSWORD);
  const passwordHash = await hash;
  const id = context.ids.next("acc");
  const email = `${name}@example.com`;
  await context.database.write(async (writer) => {
    await writer.insertMany({
      table: "accounts",
      columns: ["id", "email", "password_hash", "operator", "created_at"],
      rows: [[id, email, passwordHash, operator ? 1 : 0, writer.now]],
    });
    if (role) {
      await writer.insertMany({
        table: "memberships",
        columns: ["account_id", "workspace_id", "role", "live_role", "created_at"],
        rows: [[id, workspaceId, role, live, writer.now]],
      });
    }
  });
  return { id, email, ...(await browserFor(context, id)) };
}

/** A session without the sign-in: hashing passwords is what takes the time of these tests. */
export async function browserFor(context: TestContext, accountId: Id<"acc">): Promise<Browser> {
  const how = { method: "password", factor: false, device: null, address: null } as const;
  const begun = await context.database.write((writer) =>
    beginSession(context, writer, { id: accountId, epoch: 0 }, how),
  );
  const made = await signSession(new TokenSigning(context), context, begun);
  const cookie = createCookieJar(context.config)
    .set(made)
    .map((pair) => pair.split(";")[0])
    .join("; ");
  return { cookie, csrf: csrfOf(context.keyring, made.id), sessionId: made.id };
}

export interface WrittenMail {
  readonly kind: string;
  readonly recipient: string;
  readonly text: string;
}

/** What was written to whom, oldest first. */
export async function mailsOf(context: Pick<TestContext, "database" | "keyring">): Promise<readonly WrittenMail[]> {
  const rows = await context.database.read((reader) =>
    reader.all<{ id: Id<"mail">; kind: string; recipient: string; content_sealed: string }>(
      "SELECT id, kind, recipient, content_sealed FROM mails ORDER BY id",
    ),
  );
  return rows.map(({ id, kind, recipient, content_sealed }) => ({
    kind,
    recipient,
    text: JSON.parse(context.keyring.open(mailPlace(id), content_sealed)).text,
  }));
}

export const tokenIn = (text: string | undefined): string => /#(h[il]t_\w+)/.exec(text ?? "")?.[1] ?? "";

export interface AuditLine {
  readonly workspace_id: string;
  readonly actor: string;
  readonly as_whom: string | null;
  readonly action: string;
  readonly target: string;
  readonly details: string | null;
}

/** Entries whose action begins so, oldest first. */
export async function auditOf(context: TestContext, action: string): Promise<readonly AuditLine[]> {
  const rows = await context.database.read((reader) =>
    reader.all<AuditLine>(
      "SELECT workspace_id, actor, as_whom, action, target, details FROM audit_entries ORDER BY id",
    ),
  );
  return rows.filter((row) => row.action.startsWith(action));
}

/** Every row of every table that holds what people do, as text; with what was logged. */
export async function everythingWritten(context: TestContext): Promise<string> {
  const tables = [
    ...["accounts", "memberships", "sessions", "account_links", "invitations", "contacts", "impersonations"],
    ...["mails", "jobs", "audit_entries", "idempotency_claims", "refused_requests"],
  ];
  const rows = await context.database.read((reader) =>
    Promise.all(tables.map((table) => reader.all(`SELECT * FROM ${table}`))),
  );
  return JSON.stringify(rows) + context.logged.join("");
}
