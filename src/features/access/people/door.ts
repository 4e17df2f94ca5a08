import type { Id } from "../../../kernel/ids.ts";
import type { OperatorPrincipal } from "../../../kernel/principal.ts";
import type { AccessRoom } from "../room.ts";
import { type ListedWorkspace, listEveryWorkspace } from "../workspaces/list.ts";
import { type OpenedWorkspace, openWorkspace } from "../workspaces/operate.ts";
import { setPasswordAsOperator } from "./accounts/one-time-password.ts";
import { type AccountPage, type ListedAccount, listPeople, unlockAccount } from "./accounts/operate.ts";

/** What the operator does at the machine with people and workspaces. */
export interface PeopleDoor {
  /** Oldest first. */
  listAccounts(page: AccountPage): Promise<readonly ListedAccount[]>;
  unlockAccount(principal: OperatorPrincipal, email: string): Promise<ListedAccount>;
  /** @returns a one-time password, to be handed over */
  resetPassword(
    principal: OperatorPrincipal,
    input: { readonly accountId: Id<"acc">; readonly reason: string; readonly removeFactor: boolean },
  ): Promise<string>;
  /** Newest first. */
  listWorkspaces(page: {
    readonly before: string | undefined;
    readonly limit: number;
  }): Promise<readonly ListedWorkspace[]>;
  openWorkspace(
    principal: OperatorPrincipal,
    input: { readonly name: string; readonly ownerEmail: string },
  ): Promise<OpenedWorkspace>;
}

export const openPeopleDoor = (room: AccessRoom): PeopleDoor => ({
  listAccounts: (page) => listPeople(room, page),
  unlockAccount: (principal, email) => unlockAccount(room, principal, email),
  resetPassword: (principal, input) => setPasswordAsOperator(room, principal, input),
  listWorkspaces: (page) => listEveryWorkspace(room, page),
  openWorkspace: (principal, input) => openWorkspace(room, principal, input),
});
