import type { Delivery } from "../client/index.ts";
import type { Lessons } from "./demo-lessons.ts";
import { isTaken, kindly } from "./demo-receiver.ts";
import type { Beat } from "./demo-telling.ts";
import { shortId } from "./view.ts";

/** A Wednesday. */
const DAY = 58;
const LARGEST = 99;

const amountOf = (body: string): number =>
  (JSON.parse(body) as { readonly data: { readonly amount?: number } }).data.amount ?? 0;

/** A refusal (4xx) is no outage: it is not tried again, it is listed, and sent once more when a person says so. */
export const replay = (lessons: Lessons): Beat => ({ at: lessons.at(DAY, "16:20"), play: () => play(lessons) });

async function play(lessons: Lessons): Promise<void> {
  const { stage, telling } = lessons;
  const { palette } = telling;
  await telling.day();
  await telling.sentence("The receiver's new version can't read three digits: it answers 422.");
  stage.receiver.behave(({ body }) => (amountOf(body) > LARGEST ? 422 : 204));
  await lessons.completeAndTell("deniz", 100);
  await stage.settle();
  const { data: failed } = await stage.hatch.deliveries.list({ status: "failed" });
  for (const { id, event, reason } of failed) {
    await telling.lines(`     ${palette.bad("failed")}     ${event}  ${palette.quiet(shortId(id))}  ${reason}`);
  }

  await stage.advanceTo(lessons.at(DAY + 1, "09:00"));
  await telling.day();
  await telling.sentence("The receiver is mended. What failed is sent once more, by hand:");
  stage.receiver.behave(kindly);
  for (const delivery of failed) await sendOnceMore(lessons, delivery);
}

async function sendOnceMore({ stage, telling }: Lessons, { id, event }: Delivery): Promise<void> {
  const { palette } = telling;
  await stage.hatch.deliveries.replay(id);
  await stage.settle();
  const { status, attemptCount } = await stage.hatch.deliveries.get(id);
  const arrival = stage.receiver.arrivals.findLast(({ delivery }) => delivery === id);
  const isWell = status === "delivered" && arrival !== undefined && isTaken(arrival);
  const rest = `same id, attempt ${attemptCount}, signed anew`;
  const verdict = isWell ? palette.good(status) : palette.bad(status);
  await telling.lines(`     ${verdict}  ${event}  ${palette.quiet(shortId(id))}  ${rest}`);
}
