import { PASSWORD_CHARACTERS_MIN } from "../features/access/index.ts";
import { AppError } from "../kernel/errors.ts";
import type { Command, Invocation } from "./command.ts";
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

/** It never stands in a command line: arguments are read by every process of the machine. */
async function findPassword(invocation: Invocation): Promise<string> {
  const { askSecret, readInput } = invocation.terminal;
  if (invocation.yes("password-stdin")) {
    const password = (await readInput(PASSWORD_CHARACTERS_MAX)).replace(/\r?\n$/, "");
    if (password === "") throw new UsageError("stdin has no password.");
    return password;
  }
  if (!askSecret) throw new UsageError("--password-stdin is missing.");
  const password = await askSecret(`A password to sign in with, ${PASSWORD_CHARACTERS_MIN} characters at least: `);
  if (password === undefined) throw new AppError("conflict", "Broken off; nothing was made.");
  if (password.length < PASSWORD_CHARACTERS_MIN) {
    throw new UsageError(`The password has ${password.length} characters, ${PASSWORD_CHARACTERS_MIN} are needed.`);
  }
  if ((await askSecret("Once more: ")) !== password) throw new UsageError("The two passwords are not the same.");
  return password;
}

export const command: Command = {
  name: "setup",
  summary: "Makes the first account, a workspace and its keys.",
  options: {
    email: { value: "EMAIL", description: "Whom the installation belongs to." },
    workspace: { value: "NAME", description: "The name of the first workspace." },
    "password-stdin": { description: "Reads the password from stdin; without it a person is asked for it." },
  },
  example: `printf '%s' "$PASSWORD" | hatch setup --email ada@example.com --workspace Acme --password-stdin --json`,
  async run(invocation) {
    const email = invocation.required("email");
    const workspace = invocation.required("workspace");
    const password = await findPassword(invocation);
    const result = await perform(invocation, "setup", { email, workspace, password });
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : friendly(result as unknown as SetUp));
    return EXIT.done;
  },
};
