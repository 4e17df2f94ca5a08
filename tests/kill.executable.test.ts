import { expect, test } from "bun:test";
import { runKills } from "./kill/kill.ts";

const say = (): void => {};

const ENGINES = ["sqlite", "postgres"] as const;

test.each(ENGINES)(
  "on %s nothing acknowledged is lost and nothing applied twice when the server is killed under load",
  async (engine) => {
    const report = await runKills({ engine, seed: "short", events: 1_500, kills: 4, canary: false, say });
    expect(report.violations).toEqual([]);
    expect(report).toMatchObject({ acknowledged: 1_500, stored: 1_500, delivered: 1_500, stuckSending: 0 });
    expect(report.points).toEqual(report.expectedPoints);
  },
  120_000,
);

test.each(ENGINES)(
  "on %s the checks notice a single acknowledged event that is gone",
  async (engine) => {
    const { violations } = await runKills({ engine, seed: "canary", events: 200, kills: 1, canary: true, say });
    expect(violations).toContainEqual(expect.stringContaining("1 acknowledged and lost"));
    expect(violations).toContainEqual(expect.stringContaining("ledger:"));
  },
  120_000,
);
