import { describe, expect, test } from "bun:test";
import { type FaultyDatabase, withFaults } from "../../../../tests/support/faults.ts";
import { createRecovering, type Recovering } from "../../../../tests/support/recovering.ts";
import { type Chance, seededChance } from "../../../kernel/chance.ts";
import { SECOND } from "../../../kernel/units.ts";

const ENDPOINT = "https://127.0.0.1:9443/";
const FAILED = 120;
const MISSED = 30;
/** Lives that are cut off; the one after them is left alone. */
const LIVES = 14;

const below = (chance: Chance, max: number): number => Math.floor(chance.fraction() * max);

/** Two subscriptions at which all has failed, and a third that has never been sent what it wants by now. */
async function begin(): Promise<{ hatch: Recovering; faulty: FaultyDatabase }> {
  let faulty: FaultyDatabase | undefined;
  const hatch = await createRecovering({
    start: false,
    wrapDatabase: (database) => {
      faulty = withFaults(database);
      return faulty;
    },
  });
  if (!faulty) throw new Error("no database was opened");
  await hatch.subscribe({ endpoint: ENDPOINT, events: ["points.earned", "level.changed"] });
  await hatch.subscribe({ endpoint: ENDPOINT, events: ["points.earned"] });
  const third = await hatch.subscribe({ endpoint: ENDPOINT, events: ["badge.awarded"] });
  await hatch.announceMany(FAILED);
  await hatch.announceMany(MISSED, "level.changed");
  await hatch.endAll("failed");
  await hatch.call("PATCH", `/v1/webhooks/${third}`, { body: { events: ["level.changed"] } });
  return { hatch, faulty };
}

/** How often each delivery was made due; each is failed again at once, so that a second time would be seen. */
class Counted {
  readonly times = new Map<string, number>();

  async look(hatch: Recovering): Promise<void> {
    await hatch.context.clock.advance(SECOND);
    const rows = await hatch.deliveries("status = 'pending'");
    for (const { id } of rows) this.times.set(String(id), (this.times.get(String(id)) ?? 0) + 1);
    for (const { id } of rows) await hatch.endAll("failed", `id = '${id}'`);
  }
}

describe("a recovery that is cut off again and again", () => {
  const seeds = Array.from({ length: 3 }, (_, n) => `recover-${n}`);
  test.each(seeds)(
    "brings each delivery back exactly once, and its sums come out (%s)",
    async (seed) => {
      const chance = seededChance(seed);
      const { hatch, faulty } = await begin();
      try {
        const rate = { count: 2 + below(chance, 8), per: "1s" };
        const job = (await hatch.recover("all", { rate })).body.id;
        const counted = new Counted();
        let before = 0;
        let struck = 0;
        for (let life = 0; life < LIVES; life++) {
          if (below(chance, 3) === 0) faulty.loseAnswer(1 + below(chance, 5));
          else faulty.strikeAt(1 + below(chance, 24));
          for (let second = 0; second < 12 && !faulty.struck(); second++) await hatch.context.clock.advance(SECOND);
          if (faulty.struck()) struck += 1;
          faulty.strikeAt(0);
          faulty.loseAnswer(0);
          const { progress } = (await hatch.job("GET", `/v1/jobs/${job}`)).body;
          expect([seed, life, progress.done >= before]).toEqual([seed, life, true]);
          before = progress.done;
          if (below(chance, 2) === 0) await hatch.reborn();
          await counted.look(hatch);
        }
        expect(struck).toBeGreaterThan(1);
        let done = (await hatch.job("GET", `/v1/jobs/${job}`)).body;
        for (let second = 0; done.endedAt === null && second < 150; second++) {
          await counted.look(hatch);
          done = (await hatch.job("GET", `/v1/jobs/${job}`)).body;
        }
        await counted.look(hatch);
        expect(done.status).toBe("done");
        const recovered = FAILED * 2 + MISSED;
        expect(done.progress).toMatchObject({
          total: recovered + MISSED,
          done: recovered + MISSED,
          recovered,
          added: MISSED,
          skipped: 0,
        });
        expect(counted.times.size).toBe(recovered + MISSED);
        expect([...counted.times].filter(([, times]) => times !== 1)).toEqual([]);
      } finally {
        faulty.strikeAt(0);
        faulty.loseAnswer(0);
        await hatch.close();
      }
    },
    30_000,
  );
});
