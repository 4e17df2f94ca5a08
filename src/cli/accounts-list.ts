import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";
import { perform } from "./perform.ts";

interface Listed {
  readonly id: string;
  readonly email: string;
  readonly operator: boolean;
  readonly secondFactor: boolean;
  readonly disabledAt: string | null;
  readonly mustChangePassword: boolean;
  readonly workspaces: readonly { readonly id: string; readonly role: string; readonly liveRole: string }[];
}

const rolesOf = ({ role, liveRole }: Listed["workspaces"][number]): string =>
  role === liveRole ? role : `${role} (live ${liveRole})`;

function line({ id, email, operator, secondFactor, disabledAt, mustChangePassword, workspaces }: Listed): string {
  const traits = [
    ...(operator ? ["operator"] : []),
    ...(disabledAt === null ? [] : ["disabled"]),
    ...(secondFactor ? ["second factor"] : []),
    ...(mustChangePassword ? ["one-time password"] : []),
    ...workspaces.map((workspace) => `${rolesOf(workspace)} in ${workspace.id}`),
  ];
  return [id, email, traits.join(", ")].join("  ");
}

export const command: Command = {
  name: "accounts list",
  summary: "Lists who can sign in, and as what.",
  options: {},
  example: "hatch accounts list",
  async run(invocation) {
    const result = await perform(invocation, "accounts.list", {});
    const accounts = result.accounts as unknown as readonly Listed[];
    const text = accounts.length === 0 ? "There are no accounts." : accounts.map(line).join("\n");
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : text);
    return EXIT.done;
  },
};
