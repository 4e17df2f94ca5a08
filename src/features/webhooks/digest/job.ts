/*
 * Once a day and workspace, at its own hour: what happened the day before, told by an event and a mail.
 *
 *   a day has ended and its hour has come ──▶ what is to be said is read ──▶ one transaction: the row of the day,
 *   the events, the mails
 *
 * The row stands for the workspace and its local date, so that no crash, no clock that is set and no second look makes a
 * day twice. Of days that were missed only the newest is told.
 */
import type { Reader, Writer } from "../../../database/database.ts";
import type { JobDefinition } from "../../../jobs/job.ts";
import type { MailDraft } from "../../../journal/mail.ts";
import { mutate } from "../../../journal/mutate.ts";
import { assertNever } from "../../../kernel/assert.ts";
import { describeError } from "../../../kernel/log.ts";
import type { Counter } from "../../../kernel/metrics.ts";
import { addMs, DAY, durationMs, type UnixMs } from "../../../kernel/units.ts";
import { inTurns } from "../long-reads.ts";
import type { Room } from "../room.ts";
import type { FindContacts } from "../subscriptions/notices.ts";
import { digestData } from "./data.ts";
import { DIGEST_EVENT } from "./event-type.ts";
import { headlineOfDigest, writeDigestLetter } from "./letter.ts";
import { type DigestDay, type DigestPlan, latestDay } from "./plan.ts";
import { type Digest, hasTraffic, hasTrouble, readDigest } from "./report.ts";
import { DIGEST_JOB, findLatestDigest, hasDigest, insertDigest } from "./store.ts";

const PAGE = 100;
/** A digest that comes later than this tells of what is long over. */
const MAIL_KEPT = durationMs(2 * DAY);
/** No day that has ended lies ahead: a row of one was written under a clock that was wrong, and counts for nothing. */
const AHEAD_MAX = DAY;

export interface DigestTeller {
  readonly findContacts: FindContacts;
  readonly made: Counter;
}

function isMailed({ plan, live, test }: Digest): boolean {
  const isTroubled = hasTrouble(live) || hasTrouble(test);
  switch (plan.mail) {
    case "always":
      return true;
    case "traffic":
      return isTroubled || hasTraffic(live) || hasTraffic(test);
    case "trouble":
      return isTroubled;
    case "never":
      return false;
    default:
      return assertNever(plan.mail);
  }
}

/** Whether the day is still to be told; `first` where the workspace begins with it, and nothing can be told of it. */
async function isOpen(reader: Reader, plan: DigestPlan, day: DigestDay, now: UnixMs): Promise<boolean | "first"> {
  const latest = await findLatestDigest(reader, plan.workspaceId, addMs(now, AHEAD_MAX));
  if (!latest) return "first";
  // Who moves to another zone has the same date again.
  return latest.until_at < day.until && !(await hasDigest(reader, plan.workspaceId, day.date));
}

async function mailsOf(digest: Digest, findContacts: FindContacts, writer: Writer): Promise<readonly MailDraft[]> {
  if (!isMailed(digest)) return [];
  const { workspaceId } = digest.plan;
  const contacts = await findContacts(writer, workspaceId);
  if (contacts.length === 0) return [];
  const letter = writeDigestLetter(digest);
  return contacts.map(({ email, name }) => ({
    kind: "digest",
    to: email,
    ...(name === null ? {} : { toName: name }),
    workspaceId,
    expiresAt: addMs(writer.now, MAIL_KEPT),
    ...letter,
  }));
}

/** Tells one day of one workspace, if that was not done. */
async function tellDay(room: Room, { findContacts, made }: DigestTeller, plan: DigestPlan): Promise<void> {
  const now = room.clock.now();
  const day = latestDay(plan, now);
  const given = { now, timeoutMs: room.config.webhooks.timeout };
  const read = await inTurns(room.database, async (ask) => {
    const open = await ask((reader) => isOpen(reader, plan, day, now));
    return { open, digest: open === true ? await readDigest(ask, plan, day, given) : undefined };
  });
  if (read.open === false) return;
  const { digest } = read;
  const principal = { kind: "system", name: "digest", request: { id: room.ids.next("req") } } as const;
  await mutate(room, principal, async (writer) => {
    const nothing = { result: undefined, audit: [], announce: [], jobs: [] };
    // Asked again where nobody else writes.
    if ((await isOpen(writer, plan, day, writer.now)) === false) return nothing;
    const mail = digest ? await mailsOf(digest, findContacts, writer) : [];
    await insertDigest(writer, {
      workspace_id: plan.workspaceId,
      covered: day.date,
      from_at: day.from,
      until_at: day.until,
      made_at: writer.now,
      headline: digest ? headlineOfDigest(digest) : null,
      mails: mail.length,
    });
    if (!digest) return nothing;
    writer.afterCommit(() => made.add());
    const announce = [digest.live, digest.test].map((own) => ({
      environmentId: plan[own.kind],
      type: DIGEST_EVENT,
      data: digestData(digest, own),
    }));
    return { ...nothing, announce, mail };
  });
}

export const createDigestJob = (room: Room, teller: DigestTeller): JobDefinition => ({
  kind: DIGEST_JOB,
  schedule: { cron: "*/5 * * * *", timezone: "UTC" },
  async run(context, job) {
    for (let after = ""; ; ) {
      const start = after;
      const plans = await inTurns(context.database, (ask) =>
        ask((reader) => room.digestPlans.list(reader, { after: start, rows: PAGE })),
      );
      for (const plan of plans) {
        if (job.signal.aborted) return { kind: "snooze", until: context.clock.now() };
        try {
          await tellDay(room, teller, plan);
        } catch (error) {
          // One workspace's trouble keeps no other from its digest; it is tried again in five minutes.
          context.log.error("a digest could not be made", { workspace: plan.workspaceId, ...describeError(error) });
        }
      }
      const last = plans.at(-1);
      if (plans.length < PAGE || !last) return { kind: "done" };
      after = last.workspaceId;
    }
  },
});
