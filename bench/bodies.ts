/** ASCII only: its length is its size. */
export function makeBody(prefix: string, sequence: number, batch: number): string {
  if (batch === 1) return eventText(prefix, sequence);
  const events = Array.from({ length: batch }, (_, index) => eventText(prefix, sequence + index));
  return `{"events":[${events.join(",")}]}`;
}

const MEMBERS = 5_000;

const eventText = (prefix: string, sequence: number): string =>
  `{"id":"${prefix}-${sequence}","type":"lesson_completed","userId":"user_${(sequence * 7919) % MEMBERS}","properties":{"lesson":"algebra-${sequence % 40}","score":${(sequence * 31) % 101}}}`;

/** Three rules on the one type; most events fire two. */
export const PROGRAM = {
  timezone: "UTC",
  eventTypes: {
    lesson_completed: {
      schema: {
        type: "object",
        required: ["score"],
        properties: { lesson: { type: "string" }, score: { type: "number", minimum: 0, maximum: 100 } },
      },
      forward: true,
    },
  },
  currencies: { xp: { kind: "progress" }, coins: { kind: "spendable" } },
  rules: {
    lesson_xp: { on: "lesson_completed", then: [{ credit: "xp", amount: "int(event.properties.score) + 1" }] },
    lesson_coins: {
      on: "lesson_completed",
      when: "event.properties.score >= 60",
      then: [{ credit: "coins", amount: 10 }],
    },
    perfect: {
      on: "lesson_completed",
      when: "event.properties.score == 100 && member.userId != 'nobody'",
      then: [{ credit: "coins", amount: 25 }],
    },
  },
};
