import type { Context, FanOut, WrittenOutboundEvent } from "../../context.ts";
import type { Writer } from "../../database/database.ts";
import type { JobDraft } from "../../jobs/job.ts";
import { enqueueJobs } from "../../jobs/store.ts";
import { REASON_DISABLED } from "./deliver.ts";
import { type DeliveryDraft, insertDeliveries } from "./deliveries/store.ts";
import { type Directory, type Match, type MatchSet, SET_KEPT_FOR, type Wake } from "./directory.ts";
import type { Sifted } from "./format/sieve.ts";
import { keepFanOutSet } from "./store.ts";

/** So many deliveries of one event are written with it; of more, a job writes all. */
export const EXPANDED_AT_ONCE_MAX = 100;
export const FAN_OUT_JOB = "webhooks.fan_out";

/** What a new delivery is from the start, by the state of its subscription. */
export const standingOf = (status: Match["status"]): DeliveryDraft["standing"] =>
  status === "disabled" ? { status: "skipped", reason: REASON_DISABLED } : { status: "pending" };

/** With what its filter says: nothing at all for what it does not want; skipped, with the reason, where it failed. */
export function standingAfter(
  standing: DeliveryDraft["standing"],
  sifted: Sifted = "wanted",
): DeliveryDraft["standing"] | undefined {
  if (sifted === "unwanted") return undefined;
  if (sifted === "wanted" || standing.status !== "pending") return standing;
  return { status: "skipped", reason: sifted.fault };
}

/** Matching and writing deliveries, inside the transaction of whoever announces. */
export function createFanOut(
  context: Pick<Context, "ids">,
  directory: Directory,
  { wake, wakeJobs }: { readonly wake: Wake; readonly wakeJobs: () => void },
): FanOut {
  return {
    async wants(writer, environmentId, type) {
      return (await directory.matching(writer, environmentId, type)).matches.length > 0;
    },

    async expand(writer, events) {
      const drafts: DeliveryDraft[] = [];
      let unwanted = 0;
      const woken = new Map<Match["id"], Match>();
      for (const event of events) {
        const set = await directory.matching(writer, event.environmentId, event.type);
        const few = set.matches.length <= EXPANDED_AT_ONCE_MAX;
        const turn = { writer, environmentId: event.environmentId };
        const sifted = few ? directory.sifter.atOnce(set.matches, event.body, turn) : undefined;
        if (!sifted) {
          await enqueueJobs(context, writer, [await expandLater(writer, event, set)]);
          writer.afterCommit(wakeJobs);
          continue;
        }
        for (const [place, match] of set.matches.entries()) {
          if (match.id === event.about) continue;
          const standing = standingAfter(standingOf(match.status), sifted[place]);
          if (!standing) {
            unwanted += 1;
            continue;
          }
          drafts.push({
            id: context.ids.next("dlv"),
            environmentId: event.environmentId,
            subscriptionId: match.id,
            outboundEventId: event.id,
            event: event.type,
            standing,
          });
          if (match.status === "active") woken.set(match.id, match);
        }
      }
      if (unwanted > 0) writer.afterCommit(() => directory.sifter.countUnwanted(unwanted));
      if (drafts.length === 0) return;
      await insertDeliveries(writer, drafts);
      if (woken.size > 0) writer.afterCommit(() => wake([...woken.values()]));
    },
  };
}

/** The cursor of a fan-out that is too large for this transaction: matched as of its commit. */
async function expandLater(writer: Writer, event: WrittenOutboundEvent, set: MatchSet): Promise<JobDraft> {
  const id = set.id();
  if (writer.now - set.keptAt > SET_KEPT_FOR) {
    const subscriptionIds = set.matches.map((match) => match.id);
    await keepFanOutSet(writer, { id, environmentId: event.environmentId, subscriptionIds });
    set.keptAt = writer.now;
  }
  return {
    kind: FAN_OUT_JOB,
    environmentId: event.environmentId,
    payload: {
      outboundEventId: event.id,
      type: event.type,
      createdAt: event.createdAt,
      set: id,
      ...(event.about === undefined ? {} : { about: event.about }),
    },
  };
}
