import * as v from "valibot";
import type { App } from "../app.ts";
import { type ListedAccount, type ListedWorkspace, MailAddress, Name, Reason } from "../features/access/index.ts";
import { parseInput } from "../http/validate.ts";
import { isoTime } from "../kernel/clock.ts";
import { AppError, notFound } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { OperatorPrincipal } from "../kernel/principal.ts";

const PAGE = 200;

const AccountInput = v.object({ email: MailAddress });
const ResetInput = v.object({ email: MailAddress, reason: Reason, removeSecondFactor: v.boolean() });
const OpenInput = v.object({ name: Name, owner: MailAddress });

const accountView = ({ account, memberships }: ListedAccount): JsonObject => ({
  id: account.id,
  email: account.email,
  name: account.name,
  operator: account.operator === 1,
  secondFactor: account.totp_confirmed_at !== null,
  mustChangePassword: account.must_change_password === 1,
  createdAt: isoTime(account.created_at),
  disabledAt: account.disabled_at === null ? null : isoTime(account.disabled_at),
  workspaces: memberships.map(({ workspace_id, role, live_role }) => ({
    id: workspace_id,
    role,
    liveRole: live_role ?? role,
  })),
});

const workspaceView = ({ workspace, environments, people, owners }: ListedWorkspace): JsonObject => ({
  id: workspace.id,
  name: workspace.name,
  status: workspace.deleted_at !== null ? "deleted" : workspace.suspended_at !== null ? "suspended" : "active",
  reason: workspace.suspended_reason,
  environments: { live: environments.live ?? null, test: environments.test ?? null },
  people,
  owners,
  createdAt: isoTime(workspace.created_at),
});

/** Page by page, each from the last row of the one before. */
async function walk<T>(
  read: (last: T | undefined) => Promise<readonly T[]>,
  view: (row: T) => JsonObject,
): Promise<JsonObject[]> {
  const shown: JsonObject[] = [];
  let page = await read(undefined);
  while (page.length > 0) {
    shown.push(...page.map(view));
    if (page.length < PAGE) break;
    page = await read(page.at(-1));
  }
  return shown;
}

export async function listAccounts({ access }: App): Promise<JsonObject> {
  const read = (last: ListedAccount | undefined) =>
    access.people.listAccounts({ after: last?.account.id, limit: PAGE });
  return { accounts: await walk(read, accountView) };
}

export async function unlockAccount(
  { access }: App,
  principal: OperatorPrincipal,
  input: JsonObject,
): Promise<JsonObject> {
  const { email } = parseInput(AccountInput, input);
  return accountView(await access.people.unlockAccount(principal, email));
}

export async function resetPassword(
  { access }: App,
  principal: OperatorPrincipal,
  input: JsonObject,
): Promise<JsonObject> {
  const { email, reason, removeSecondFactor: removeFactor } = parseInput(ResetInput, input);
  const [found] = await access.people.listAccounts({ email, limit: 1 });
  if (!found) throw notFound("The account");
  const { id: accountId } = found.account;
  const password = await access.people.resetPassword(principal, { accountId, reason, removeFactor });
  return { id: accountId, email, password };
}

export async function listWorkspaces({ access }: App): Promise<JsonObject> {
  const read = (last: ListedWorkspace | undefined) =>
    access.people.listWorkspaces({ before: last?.workspace.id, limit: PAGE });
  return { workspaces: await walk(read, workspaceView) };
}

export async function openWorkspace(
  { access }: App,
  principal: OperatorPrincipal,
  input: JsonObject,
): Promise<JsonObject> {
  const { name, owner } = parseInput(OpenInput, input);
  if (!access.isClaimed()) {
    throw new AppError("not_configured", "This installation is not set up yet.", {
      hint: "`hatch setup` makes its first workspace and its operator.",
    });
  }
  const { workspace, invitation } = await access.people.openWorkspace(principal, { name, ownerEmail: owner });
  return { ...workspaceView(workspace), owner, invitationLink: invitation?.link ?? null };
}
