import { ACCOUNT_OPTIONS, performOnPeople } from "./accounts-flags.ts";
import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";

const REASON = "by the operator, at the machine";

export const command: Command = {
  name: "accounts reset-password",
  summary: "Sets a one-time password, which its person replaces at the next sign-in.",
  options: {
    ...ACCOUNT_OPTIONS,
    reason: { value: "TEXT", description: "For the audit log, and for the person, who gets a mail." },
    "remove-second-factor": { description: "For a person who has lost it, and every recovery code." },
  },
  positional: "email",
  example: 'hatch accounts reset-password ada@example.com --reason "lost her phone"',
  async run(invocation) {
    const result = await performOnPeople(invocation, "accounts.resetPassword", {
      email: invocation.required("email"),
      reason: invocation.text("reason") ?? REASON,
      removeSecondFactor: invocation.yes("remove-second-factor"),
    });
    const text = [
      `One-time password of ${result.email}:`,
      "",
      `  ${result.password}`,
      "",
      "It is shown here and never again. All sessions of the account are over.",
    ].join("\n");
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : text);
    return EXIT.done;
  },
};
