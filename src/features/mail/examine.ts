import type { Context } from "../../context.ts";
import type { Reader } from "../../database/database.ts";
import type { Finding } from "../../feature.ts";
import { mailPlace } from "../../journal/mail.ts";
import { MINUTE } from "../../kernel/units.ts";
import { countMails, findLastError, listSealedMails, type MailCounts } from "./store.ts";

const PAGE = 500;
/** Longer than the first steps of the ladder: something is wrong beyond one greylisting server. */
const LATE_MS = 15 * MINUTE;

const SET_ONE =
  "Set mail.host, mail.from and server.publicUrl, or read them with `hatch mail list` and `hatch mail show`.";

async function examineWaiting(context: Context, reader: Reader, { waiting, oldest }: MailCounts): Promise<Finding> {
  const check = "mail.waiting";
  const { config, clock } = context;
  if (waiting === 0) {
    const message = config.mail ? "No mail waits." : "No mail server is set, and no mail waits for one.";
    return { check, ok: true, message };
  }
  if (!config.mail) return { check, ok: false, message: `${waiting} mails wait and no mail server is set. ${SET_ONE}` };
  const minutes = Math.floor((clock.now() - (oldest ?? clock.now())) / MINUTE);
  if (minutes * MINUTE < LATE_MS) return { check, ok: true, message: `${waiting} mails wait to be sent.` };
  const error = await findLastError(reader, "waiting");
  const why = error === undefined ? "No server runs that would send them." : error;
  const message = `${waiting} mails wait, the oldest for ${minutes} minutes. ${why} Try \`hatch mail test --to you@example.com\`.`;
  return { check, ok: false, message };
}

async function examineFailed(reader: Reader, { failed }: MailCounts): Promise<Finding> {
  const check = "mail.failed";
  if (failed === 0) return { check, ok: true, message: "No mail of the last 30 days failed." };
  const error = (await findLastError(reader, "failed")) ?? "";
  const message = `${failed} mails failed. The last: ${error} See \`hatch mail list --state failed\`; \`hatch mail retry\` sends them again.`;
  return { check, ok: false, message };
}

async function examineContents({ keyring }: Context, reader: Reader): Promise<Finding> {
  const check = "mail.contents";
  let shut = 0;
  let after = "";
  for (;;) {
    const rows = await listSealedMails(reader, after, PAGE);
    for (const { id, content_sealed } of rows) {
      try {
        keyring.open(mailPlace(id), content_sealed);
      } catch {
        shut += 1;
      }
    }
    after = rows.at(-1)?.id ?? "";
    if (rows.length < PAGE) break;
  }
  if (shut === 0) return { check, ok: true, message: "Every mail that waits opens with the root key." };
  return {
    check,
    ok: false,
    message: `${shut} mails do not open with the root key: start with the key that sealed them.`,
  };
}

export function examineMail(context: Context): Promise<readonly Finding[]> {
  return context.database.read(async (reader) => {
    const counts = await countMails(reader);
    return [
      await examineWaiting(context, reader, counts),
      await examineFailed(reader, counts),
      await examineContents(context, reader),
    ];
  });
}
