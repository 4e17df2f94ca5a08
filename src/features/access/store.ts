import type { Reader, Writer } from "../../database/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Environment } from "./types.ts";

// Facts of the installation.

export async function findFact(reader: Reader, name: string): Promise<string | undefined> {
  const row = await reader.get<{ value: string }>("SELECT value FROM instance WHERE name = ?", [name]);
  return row?.value;
}

export const putFact = (writer: Writer, name: string, value: string): Promise<void> =>
  writer.upsertMany({ table: "instance", columns: ["name", "value"], keyColumns: ["name"], rows: [[name, value]] });

/** Fails with a ConstraintError where the fact is there already: of two who race, one. */
export const insertFact = (writer: Writer, name: string, value: string): Promise<void> =>
  writer.insertMany({ table: "instance", columns: ["name", "value"], rows: [[name, value]] });

export const removeFact = (writer: Writer, name: string): Promise<number> =>
  writer.run("DELETE FROM instance WHERE name = ?", [name]);

// Workspaces and people.

export async function hasWorkspace(reader: Reader): Promise<boolean> {
  return (await reader.get("SELECT id FROM workspaces LIMIT 1")) !== undefined;
}

export async function insertWorkspace(
  writer: Writer,
  workspace: { readonly id: Id<"ws">; readonly name: string; readonly live: Id<"env">; readonly test: Id<"env"> },
): Promise<void> {
  await writer.insertMany({
    table: "workspaces",
    columns: ["id", "name", "created_at"],
    rows: [[workspace.id, workspace.name, writer.now]],
  });
  await writer.insertMany({
    table: "environments",
    columns: ["id", "workspace_id", "kind", "created_at"],
    rows: [
      [workspace.live, workspace.id, "live", writer.now],
      [workspace.test, workspace.id, "test", writer.now],
    ],
  });
}

export async function insertOwner(
  writer: Writer,
  owner: {
    readonly id: Id<"acc">;
    readonly email: string;
    readonly passwordHash: string;
    readonly isOperator: boolean;
    readonly workspaceId: Id<"ws">;
  },
): Promise<void> {
  await writer.insertMany({
    table: "accounts",
    columns: ["id", "email", "password_hash", "operator", "created_at"],
    rows: [[owner.id, owner.email, owner.passwordHash, owner.isOperator ? 1 : 0, writer.now]],
  });
  await writer.insertMany({
    table: "memberships",
    columns: ["account_id", "workspace_id", "role", "created_at"],
    rows: [[owner.id, owner.workspaceId, "owner", writer.now]],
  });
}

/** Those of deleted workspaces are not there any more. */
const ENVIRONMENT = `SELECT e.id, e.kind, e.workspace_id AS "workspaceId", w.name AS "workspaceName"
  FROM environments e JOIN workspaces w ON w.id = e.workspace_id WHERE w.deleted_at IS NULL`;

export const findEnvironment = (reader: Reader, id: Id<"env">): Promise<Environment | undefined> =>
  reader.get<Environment>(`${ENVIRONMENT} AND e.id = ?`, [id]);

export const listEnvironments = (reader: Reader): Promise<Environment[]> =>
  reader.all<Environment>(`${ENVIRONMENT} ORDER BY e.workspace_id, e.kind`);

/** Workspaces that lack one of their two environments. */
export const findBrokenWorkspaces = (reader: Reader): Promise<{ readonly id: Id<"ws"> }[]> =>
  reader.all(
    `SELECT w.id FROM workspaces w LEFT JOIN environments e ON e.workspace_id = w.id
     GROUP BY w.id HAVING COUNT(e.id) <> 2`,
  );
