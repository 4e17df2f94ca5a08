import type { Context } from "../../context.ts";
import type { MailTransport } from "../../outbound/mail/transport.ts";

/** What the verbs of this room may use besides the context. */
export interface MailRoom extends Context {
  readonly transport: MailTransport;
}
