import type { Reader } from "../../../database/database.ts";
import { notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentKind } from "../../../kernel/principal.ts";
import type { AccessRoom } from "../room.ts";
import { countTeams, findWorkspace, listEnvironmentsBetween, listWorkspaces, type WorkspaceRow } from "./store.ts";

/** A workspace as the operator sees it: that it is there, and nothing of what it holds. */
export interface ListedWorkspace {
  readonly workspace: WorkspaceRow;
  readonly environments: Readonly<Partial<Record<EnvironmentKind, Id<"env">>>>;
  readonly people: number;
  /** Those of them who own it and can sign in. */
  readonly owners: number;
}

async function describe(reader: Reader, rows: readonly WorkspaceRow[]): Promise<ListedWorkspace[]> {
  const ids = rows.map(({ id }) => id).sort();
  const [first] = ids;
  const last = ids.at(-1);
  if (!first || !last) return [];
  const teams = new Map((await countTeams(reader, first, last)).map((team) => [team.workspace_id, team]));
  const places = Map.groupBy(await listEnvironmentsBetween(reader, first, last), ({ workspace_id }) => workspace_id);
  return rows.map((workspace) => {
    const { people = 0, owners = 0 } = teams.get(workspace.id) ?? {};
    const environments = Object.fromEntries((places.get(workspace.id) ?? []).map(({ kind, id }) => [kind, id]));
    return { workspace, environments, people, owners };
  });
}

/** Newest first. */
export const listEveryWorkspace = (
  { context }: AccessRoom,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<ListedWorkspace[]> =>
  context.database.read(async (reader) => describe(reader, await listWorkspaces(reader, page)));

export async function describeWorkspace(reader: Reader, id: Id<"ws">): Promise<ListedWorkspace> {
  const row = await findWorkspace(reader, id);
  const [described] = row ? await describe(reader, [row]) : [];
  if (!described) throw notFound("The workspace");
  return described;
}
