import { shownEndpoint } from "../../health/shown-endpoint.ts";

/*
 * What happened, in a sentence for people: one for each event of the catalogue. A name in braces is a field of its data.
 */

const SENTENCES: Readonly<Record<string, string>> = {
  "points.earned": "{userId} earned {amount} {currency}",
  "points.spent": "{userId} spent {amount} {currency}",
  "points.expiring": "{amount} {currency} of {userId} expire at {expiresAt}",
  "points.expired": "{amount} {currency} of {userId} have expired",
  "points.reversed": "{amount} {currency} of {userId} were reversed: {reason}",
  "level.changed": "{userId} moved from {from} to {to} on {track}",
  "badge.pending": "{userId} has reached the badge {badge}, which a person awards",
  "badge.awarded": "{userId} was awarded the badge {badge}",
  "badge.revoked": "The badge {badge} was taken back from {userId}: {reason}",
  "streak.started": "{userId} started the streak {streak}",
  "streak.extended": "{userId} extended the streak {streak} to {count}",
  "streak.milestone": "{userId} reached {count} on the streak {streak}",
  "streak.at_risk": "The streak {streak} of {userId}, {count} long, breaks at {endsAt}",
  "streak.frozen": "A freeze kept the streak {streak} of {userId}; {freezes} left",
  "streak.broken": "The streak {streak} of {userId} ended at {count}",
  "streak.restored": "The streak {streak} of {userId} was restored to {count}",
  "quest.step_completed": "{userId} completed the step {step} of the quest {quest}",
  "quest.completed": "{userId} completed the quest {quest}",
  "leaderboard.finalized": "The leaderboard {leaderboard} ({window}) is final",
  "leaderboard.corrected": "The leaderboard {leaderboard} ({window}) was corrected: {reason}",
  "reward.redeemed": "{userId} redeemed {quantity} × {reward}",
  "redemption.fulfilled": "{quantity} × {reward} for {userId} was fulfilled",
  "redemption.canceled": "{quantity} × {reward} for {userId} was canceled: {reason}",
  "redemption.expired": "{quantity} × {reward} for {userId} was not fulfilled in time",
  "companion.hatched": "The companion {companion} of {userId} hatched as {form}",
  "companion.evolved": "The companion {companion} of {userId} evolved from {from} to {to}",
  "score.created": "The score {scoreId} is {aggregate} ({band})",
  "score.failed": "The score {scoreId} failed: {reason}",
  "enrollment.created": "{creatorAddress} enrolled {scoreRequestId}",
  "attestation.published": "The attestation {attestationId} of {scoreRequestId} was published",
  "launch.scheduled": "The launch of {scoreRequestId} is at {scheduledFor}",
  "launch.reminder": "The launch of {scoreRequestId} is {minutesBefore} minutes away ({scheduledFor})",
  "hatching.started": "The hatching of {scoreRequestId} started at {startedAt}",
  "graduation.occurred": "{contractAddress} graduated at {occurredAt}",
  "fee.captured": "A fee of {amount} was captured for {scoreRequestId}",
  "program.published": "Version {version} of the program was published: {note}",
  "subscription.failing": "{failuresInRow} deliveries in a row to {endpoint} have failed: {lastFailure}",
  "subscription.paused": "Deliveries to {endpoint} are paused until {pausedUntil}: {lastFailure}",
  "subscription.recovered": "{endpoint} answers again; it was paused since {pausedSince}",
  "subscription.disabled": "Deliveries to {endpoint} are switched off: {reason}",
  "delivery.exhausted": "{event} could not be delivered to {endpoint}: {reason}",
  "digest.daily": "Deliveries of {date}: {delivered} delivered, {failed} failed, {waiting} waiting",
  "incident.opened": "{title}: {message}",
  "incident.updated": "{title} ({state}): {message}",
  "incident.resolved": "{title} is resolved: {message}",
  "maintenance.scheduled": "{title}: from {startsAt} to {endsAt}",
  "ticket.created": "A ticket was opened: {subject}",
  "ticket.updated": "The ticket {subject} is {status}",
  "key.rotated": "The key {name} was rotated",
};

const VALUE_CHARACTERS_MAX = 200;
const FIELD = /\{(\w+)\}/g;

/** Controls, line ends of every script, marks that turn the direction of a line, halves of characters. */
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

/** One line of text that shows what it holds; longer text is cut between characters. */
export function lineOf(text: string, charactersMax: number): string {
  const bounded = text.slice(0, charactersMax * 8);
  // A joiner is inside many emoji, and alone it does nothing.
  const line = bounded
    .replace(UNSHOWN, (run) => (run === "\u200d" ? run : " "))
    .replace(/ {2,}/g, " ")
    .trim();
  const characters = [...line];
  return characters.length > charactersMax ? `${characters.slice(0, charactersMax - 1).join("")}…` : line;
}

function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return "nothing";
  if (typeof value === "string") return lineOf(value, VALUE_CHARACTERS_MAX) || "nothing";
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  return "…";
}

/** The names that the sentence of an event asks for; undefined where it has none. */
export const fieldsOfSentence = (event: string): readonly string[] | undefined => {
  const sentence = Object.hasOwn(SENTENCES, event) ? SENTENCES[event] : undefined;
  return sentence === undefined ? undefined : [...sentence.matchAll(FIELD)].map((match) => match[1] as string);
};

/** A customer's own event is named as they named it, with whom it is about. */
const forwarded = (event: string, data: Readonly<Record<string, unknown>>): string =>
  `${lineOf(event, VALUE_CHARACTERS_MAX)} by ${shown(data.userId)}`;

/** @param data of the event, as JSON has it */
export function sentenceOf(event: string, data: Readonly<Record<string, unknown>>): string {
  if (!Object.hasOwn(SENTENCES, event)) return forwarded(event, data);
  return (SENTENCES[event] as string).replace(FIELD, (_, name: string) => {
    const value = Object.hasOwn(data, name) ? data[name] : undefined;
    // Of another subscription: whoever reads along in a channel need not know what lets one in there.
    return shown(name === "endpoint" && typeof value === "string" ? shownEndpoint(value) : value);
  });
}
