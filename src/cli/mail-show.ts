import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";
import { mailOf } from "./mail-flags.ts";
import { perform } from "./perform.ts";

interface Shown {
  readonly to: string;
  readonly subject: string;
  readonly state: string;
  readonly createdAt: string;
  readonly nextAttemptAt: string | null;
  readonly expiresAt: string;
  readonly lastError: string | null;
  readonly text: string | null;
}

/** What a terminal would obey instead of showing it. */
const plain = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, "");

const GONE = "What it said is gone: it is kept only until a mail was sent or has expired.";

const friendly = (mail: Shown): string =>
  [
    `To:       ${mail.to}`,
    `Subject:  ${mail.subject}`,
    `Written:  ${mail.createdAt}`,
    `State:    ${mail.state}${mail.nextAttemptAt === null ? "" : `, next try ${mail.nextAttemptAt}, expires ${mail.expiresAt}`}`,
    ...(mail.lastError === null ? [] : [`Error:    ${mail.lastError}`]),
    "",
    mail.text === null ? GONE : plain(mail.text).trimEnd(),
  ].join("\n");

export const command: Command = {
  name: "mail show",
  summary: "Shows what a mail says, in its recipient's place; the audit log remembers it.",
  options: { mail: { value: "MAIL", description: "The mail_… id." } },
  positional: "mail",
  example: "hatch mail show mail_01jd8m3v6zf5q8r1n2b3c4d5e6",
  async run(invocation) {
    const mail = mailOf(invocation) ?? invocation.required("mail");
    const result = await perform(invocation, "mail.show", { mail });
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : friendly(result as unknown as Shown));
    return EXIT.done;
  },
};
