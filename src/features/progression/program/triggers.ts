/**
 * The effects that a rule can follow, with the fields that its expressions may read and their types. A name here can't
 * be an event type's: `on` would mean both.
 */
export const TRIGGERS: ReadonlyMap<string, Readonly<Record<string, "string" | "int">>> = new Map<
  string,
  Readonly<Record<string, "string" | "int">>
>([
  ["level.changed", { track: "string", from: "string", to: "string" }],
  ["badge.awarded", { badge: "string", awardId: "string" }],
  ["streak.milestone", { streak: "string", count: "int" }],
  ["quest.completed", { quest: "string" }],
]);
