import { isId } from "../kernel/ids.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./exit.ts";

/** What `--mail` names, if it can be a mail at all. */
export function mailOf(invocation: Invocation): string | undefined {
  const mail = invocation.text("mail");
  if (mail === undefined || isId("mail", mail)) return mail;
  throw new UsageError(`--mail ${mail}: expected a mail_… id; \`hatch mail list\` shows them.`);
}
