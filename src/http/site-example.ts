import type { JsonObject } from "../kernel/json.ts";

/**
 * The one example of the landing page: a lesson of a school, decided by the program of `hatch.config.ts`. The member had
 * 198 xp before, so the lesson carries them over the rung at 250. Tests send it through the product and compare.
 */
export const EXAMPLE_EVENT: JsonObject = {
  id: "lesson-881-user_42",
  type: "lesson_completed",
  userId: "user_42",
  properties: { score: 94, lesson: "fractions-3" },
};

export interface ExampleEffect extends JsonObject {
  readonly type: string;
  readonly rule: string;
  readonly reason: string;
}

export const EXAMPLE_EFFECTS: readonly ExampleEffect[] = [
  { type: "points.earned", rule: "lesson_xp", reason: "event.properties.score >= 60", currency: "xp", amount: 94 },
  {
    type: "points.earned",
    rule: "lesson_coins",
    reason: "event.properties.score >= 60",
    currency: "coins",
    amount: 10,
  },
  { type: "level.changed", rule: "level", reason: "292 xp in all", track: "level", from: "novice", to: "adept" },
  {
    type: "points.earned",
    rule: "level_gift",
    reason: "effect.track == 'level' && effect.to == 'adept'",
    currency: "coins",
    amount: 100,
  },
];

/** Of no use anywhere else: it is printed on the page, so that anybody can check the signature beside it. */
export const EXAMPLE_SECRET = "a-secret-that-is-printed-on-a-public-page";
export const EXAMPLE_TIMESTAMP = "1795197841";

export const EXAMPLE_DELIVERY_BODY = JSON.stringify({
  id: "evt_01kag6w8zq4d6c2x9mhs7ykt3e",
  event: "level.changed",
  timestamp: "2026-11-20T18:04:00Z",
  data: {
    userId: "user_42",
    eventId: "lesson-881-user_42",
    eventType: "lesson_completed",
    programVersion: 1,
    effectId: "eff_01kag6w8zp7r3n5e8vbw6j4q1s",
    occurredAt: "2026-11-20T18:04:00.412Z",
    rule: "level",
    reason: "292 xp in all",
    track: "level",
    from: "novice",
    to: "adept",
  },
});
