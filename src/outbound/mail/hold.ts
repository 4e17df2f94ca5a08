import type { Log } from "../../kernel/log.ts";
import type { MailTransport } from "./transport.ts";

const HOW = "set mail.host, mail.from and server.publicUrl; `hatch mail show ID` shows what it says";

/**
 * Where no mail server is set: the log says that there is a mail and to whom, never what it says, which may be a link
 * that lets in whoever holds it.
 */
export const createHoldingTransport = (log: Log): MailTransport => ({
  async send({ messageId, to, subject }) {
    const [mail = messageId] = messageId.split("@");
    log.warn("a mail waits, because no mail server is set", { mail, to: to.address, subject, how: HOW });
    return { kind: "held", message: "No mail server is set." };
  },
  close() {},
});
