import { ConstraintError, type Writer } from "../../database/database.ts";
import { mutate } from "../../journal/mutate.ts";
import { assert } from "../../kernel/assert.ts";
import { AppError } from "../../kernel/errors.ts";
import type { Principal } from "../../kernel/principal.ts";
import { furnishWorkspace } from "./create-workspace.ts";
import { hashPassword } from "./passwords/hashing.ts";
import { assertGoodPassword } from "./passwords/policy.ts";
import type { AccessRoom } from "./room.ts";
import { assertSetupToken, spendSetupToken } from "./setup-token.ts";
import { hasWorkspace, insertFact, insertOwner } from "./store.ts";
import type { NewInstallation, SetUp } from "./types.ts";

const CLAIMED = "claimed";
const alreadySetUp = (): AppError => new AppError("conflict", "This installation is set up already.");

async function claim(writer: Writer): Promise<void> {
  if (await hasWorkspace(writer)) throw alreadySetUp();
  try {
    await insertFact(writer, CLAIMED, String(writer.now));
  } catch (error) {
    throw error instanceof ConstraintError ? alreadySetUp() : error;
  }
}

/** Refuses where the installation is claimed, or where the token, if one is asked for, is not the right one. */
export const assertMaySetUp = ({ context }: AccessRoom, token: string | undefined): Promise<void> =>
  context.database.read(async (reader) => {
    if (await hasWorkspace(reader)) throw alreadySetUp();
    if (token !== undefined) await assertSetupToken(reader, token);
  });

/**
 * Makes the first workspace with its keys and the first account, which operates the installation: all of it or nothing,
 * and once only. Over HTTP the one-time token proves the right to; the operator at the machine needs none.
 */
export async function setUp(
  room: AccessRoom,
  principal: Principal,
  { email, password, workspace, token }: SetUp & { readonly token?: string },
): Promise<NewInstallation> {
  const { context, claimed } = room;
  assert(principal.kind === "operator" || token !== undefined, "a set-up without the operator needs the token");
  // Told before the password is hashed: that is the dear part, and nobody is to buy it without a token.
  await assertMaySetUp(room, token);
  assertGoodPassword(password, { email });
  const passwordHash = await hashPassword(password);
  return mutate(context, principal, async (writer) => {
    await claim(writer);
    if (token !== undefined) await assertSetupToken(writer, token);
    await spendSetupToken(writer);
    const { result, audit } = await furnishWorkspace(context, writer, principal, workspace);
    const account = { id: context.ids.next("acc"), email };
    const workspaceId = result.workspace.id;
    await insertOwner(writer, { ...account, passwordHash, isOperator: true, workspaceId });
    writer.afterCommit(claimed);
    return {
      result: { ...result, account },
      audit: [
        ...audit,
        { workspaceId, action: "account.created", target: account.id, details: { role: "owner", operator: true } },
      ],
      announce: [],
      jobs: [],
    };
  });
}
