import { ACCOUNT_OPTIONS, performOnPeople } from "./accounts-flags.ts";
import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";

export const command: Command = {
  name: "accounts unlock",
  summary: "Forgets the failed tries at an account, so that its person waits no longer.",
  options: ACCOUNT_OPTIONS,
  positional: "email",
  example: "hatch accounts unlock ada@example.com",
  async run(invocation) {
    const result = await performOnPeople(invocation, "accounts.unlock", { email: invocation.required("email") });
    const stays = result.disabledAt === null ? "" : " The account is disabled and stays so.";
    const text = `Failed tries at ${result.email} are forgotten.${stays}`;
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : text);
    return EXIT.done;
  },
};
