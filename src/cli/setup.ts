import type { Command } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { perform } from "./perform.ts";

const PASSWORD_CHARACTERS_MAX = 1_024;

interface SetUp {
  readonly workspace: { readonly id: string; readonly name: string };
  readonly environments: Readonly<Record<"live" | "test", { readonly id: string; readonly secretKey: string }>>;
  readonly account: { readonly id: string; readonly email: string };
}

const friendly = ({ workspace, environments, account }: SetUp): string =>
  [
    `Workspace ${workspace.name} (${workspace.id}) belongs to ${account.email}.`,
    "",
    "Its secret keys, shown this once:",
    `  test  ${environments.test.secretKey}`,
    `  live  ${environments.live.secretKey}`,
  ].join("\n");

export const command: Command = {
  name: "setup",
  summary: "Makes the first account, a workspace and its keys.",
  options: {
    email: { value: "EMAIL", description: "Whom the installation belongs to." },
    workspace: { value: "NAME", description: "The name of the first workspace." },
    "password-stdin": { description: "Reads the password from stdin: it never stands in a command line." },
  },
  example: `printf '%s' "$PASSWORD" | hatch setup --email ada@example.com --workspace Acme --password-stdin --json`,
  async run(invocation) {
    const email = invocation.required("email");
    const workspace = invocation.required("workspace");
    if (!invocation.yes("password-stdin")) throw new UsageError("--password-stdin is missing.");
    const password = (await invocation.terminal.readInput(PASSWORD_CHARACTERS_MAX)).replace(/\r?\n$/, "");
    if (password === "") throw new UsageError("stdin has no password.");
    const result = await perform(invocation, "setup", { email, workspace, password });
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : friendly(result as unknown as SetUp));
    return EXIT.done;
  },
};
