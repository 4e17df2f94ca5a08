import type { Context } from "../../context.ts";
import type { Feature } from "../../feature.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Principal } from "../../kernel/principal.ts";
import type { MailTransport } from "../../outbound/mail/transport.ts";
import { examineMail } from "./examine.ts";
import { registerMetrics } from "./metrics.ts";
import { MAIL_RETENTION } from "./retention.ts";
import { retryMails } from "./retry.ts";
import type { MailRoom } from "./room.ts";
import { sendTestMail, type TestedMail } from "./send-test.ts";
import { MailSender } from "./sender.ts";
import { listRecentMails, type ShownMail, showMail } from "./show.ts";
import { countMails, type MailCounts, type MailRow, type MailState } from "./store.ts";

/** What app.ts and the command line use of this room. Whoever has something to say writes to the journal's outbox. */
export interface Mail {
  readonly feature: Feature;
  list(page: { readonly state: MailState | undefined; readonly limit: number }): Promise<readonly MailRow[]>;
  show(principal: Principal, id: Id<"mail">): Promise<ShownMail>;
  /** All that failed and are not too old, if no id is given. @returns how many */
  retry(principal: Principal, id: Id<"mail"> | undefined): Promise<number>;
  test(principal: Principal, to: string): Promise<TestedMail>;
  /** How many wait and failed, and since when the oldest waits. */
  count(): Promise<MailCounts>;
}

export function createMail(
  context: Context,
  { transport, claimant }: { readonly transport: MailTransport; readonly claimant: string },
): Mail {
  const room: MailRoom = { ...context, transport };
  const sender = new MailSender(context, transport, claimant);
  registerMetrics(context);
  return {
    feature: {
      name: "mail",
      retention: MAIL_RETENTION,
      start: () => sender.start(),
      stop: (deadline) => sender.stop(deadline),
      examine: examineMail,
    },
    list: (page) => listRecentMails(context, page),
    show: (principal, id) => showMail(context, principal, id),
    retry: (principal, id) => retryMails(context, principal, id),
    test: (principal, to) => sendTestMail(room, principal, to),
    count: () => context.database.read(countMails),
  };
}
