import type { Context } from "../../context.ts";
import type { Writer } from "../../database/database.ts";
import type { AuditDraft } from "../../journal/audit.ts";
import { mutate } from "../../journal/mutate.ts";
import { assert } from "../../kernel/assert.ts";
import type { EnvironmentKind, Principal } from "../../kernel/principal.ts";
import { SCOPES } from "../../kernel/principal.ts";
import { issueKey, keyCreated } from "./keys/issue-key.ts";
import type { AccessRoom } from "./room.ts";
import { insertWorkspace } from "./store.ts";
import type { CreateWorkspace, NewWorkspace } from "./types.ts";

const FIRST_KEY_NAME = "First key";

/** A workspace with both environments and a key for each, inside the transaction of whoever asked for it. */
export async function furnishWorkspace(
  context: Pick<Context, "chance" | "ids">,
  writer: Writer,
  principal: Principal,
  name: string,
): Promise<{ readonly result: NewWorkspace; readonly audit: readonly AuditDraft[] }> {
  const id = context.ids.next("ws");
  const environments = { live: context.ids.next("env"), test: context.ids.next("env") };
  await insertWorkspace(writer, { id, name, ...environments });
  const firstKey = (kind: EnvironmentKind) =>
    issueKey(context, writer, principal, {
      environmentId: environments[kind],
      environmentKind: kind,
      name: FIRST_KEY_NAME,
      kind: "secret",
      scopes: SCOPES,
      origins: undefined,
      eventTypes: undefined,
      expiresAt: undefined,
    });
  const live = await firstKey("live");
  const test = await firstKey("test");
  return {
    result: {
      workspace: { id, name },
      environments: {
        live: { id: environments.live, secretKey: live.secretKey },
        test: { id: environments.test, secretKey: test.secretKey },
      },
    },
    audit: [
      { workspaceId: id, action: "workspace.created", target: id, details: { name } },
      keyCreated(live, id),
      keyCreated(test, id),
    ],
  };
}

/** For the operator and the product itself; no key reaches above its environment. */
export async function createWorkspace(
  { context, claimed }: AccessRoom,
  principal: Principal,
  { name }: CreateWorkspace,
): Promise<NewWorkspace> {
  const isOperator = principal.kind === "account" && principal.isOperator;
  assert(
    isOperator || principal.kind === "operator" || principal.kind === "system",
    "workspaces are made by the operator",
  );
  return mutate(context, principal, async (writer) => {
    const { result, audit } = await furnishWorkspace(context, writer, principal, name);
    writer.afterCommit(claimed);
    return { result, audit, announce: [], jobs: [] };
  });
}
