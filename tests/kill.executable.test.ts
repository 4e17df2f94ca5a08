import { expect, test } from "bun:test";
import { runKills } from "./kill/kill.ts";

const say = (): void => {};

const ENGINES = ["sqlite", "postgres"] as const;

// The moments at which each life ends follow from the seed; what they cut off is looked at by the long run of `kill.ts`.
test.each(ENGINES)(
  "on %s nothing acknowledged is lost and nothing applied twice when the server is killed under load, with a fan-out, a recovery and a rotation of the root key under way",
  async (engine) => {
    const report = await runKills({ engine, seed: "short", events: 1_500, kills: 7, pullers: 300, canary: false, say });
    expect(report.violations).toEqual([]);
    expect(report).toMatchObject({ kills: 7, lost: 0, stuckSending: 0, stored: report.acknowledged, rotations: 1 });
    expect(report.acknowledged).toBeGreaterThanOrEqual(1_500);
    expect([report.fannedOut > 0, report.recovered > 0]).toEqual([true, true]);
    expect(report.points).toEqual(report.expectedPoints);
  },
  240_000,
);

test.each(ENGINES)(
  "on %s the checks notice a single acknowledged event that is gone",
  async (engine) => {
    const { violations } = await runKills({
      engine,
      seed: "canary",
      events: 200,
      kills: 1,
      pullers: 0,
      canary: true,
      say,
    });
    expect(violations).toContainEqual(expect.stringContaining("1 acknowledged and lost"));
    expect(violations).toContainEqual(expect.stringContaining("ledger:"));
  },
  240_000,
);
