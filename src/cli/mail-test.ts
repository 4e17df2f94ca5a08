import { canonicalMailAddress } from "../kernel/mail-address.ts";
import type { Command } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { perform } from "./perform.ts";

interface Tested {
  readonly to: string;
  readonly server: string;
  readonly ok: boolean;
  readonly response?: string;
  readonly message?: string;
  readonly advice?: string;
}

const friendly = ({ ok, to, server, response, message, advice }: Tested): string =>
  ok
    ? `${server} took the mail to ${to}: ${response}\nIf it does not arrive, look among the unwanted mails, and at the mail server's log.`
    : `No mail went to ${to} by ${server}.\n${message}\n${advice}`;

export const command: Command = {
  name: "mail test",
  summary: "Sends a test mail now and tells how the conversation with the mail server went.",
  options: { to: { value: "ADDRESS", description: "Who is to get it." } },
  positional: "to",
  example: "hatch mail test --to ada@example.com",
  async run(invocation) {
    const to = invocation.required("to");
    if (canonicalMailAddress(to) === undefined) throw new UsageError("--to: expected a mail address.");
    const result = (await perform(invocation, "mail.test", { to })) as unknown as Tested;
    const text = invocation.json ? JSON.stringify(result) : friendly(result);
    if (result.ok || invocation.json) invocation.terminal.out(text);
    else invocation.terminal.error(text);
    return result.ok ? EXIT.done : EXIT.failed;
  },
};
