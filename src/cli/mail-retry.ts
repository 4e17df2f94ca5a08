import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";
import { mailOf } from "./mail-flags.ts";
import { perform } from "./perform.ts";

const friendly = (retried: unknown): string => {
  if (retried === 0) return "There are no failed mails that still have something to say.";
  return retried === 1 ? "One mail is tried again." : `${retried} mails are tried again.`;
};

export const command: Command = {
  name: "mail retry",
  summary: "Has failed mails tried again: one, or all.",
  options: {
    mail: { value: "MAIL", description: "The mail_… id; all that failed and have not expired if not given." },
  },
  positional: "mail",
  example: "hatch mail retry mail_01jd8m3v6zf5q8r1n2b3c4d5e6",
  async run(invocation) {
    const result = await perform(invocation, "mail.retry", { mail: mailOf(invocation) ?? null });
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : friendly(result.retried));
    return EXIT.done;
  },
};
