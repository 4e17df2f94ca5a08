import { parseArgs } from "node:util";
import { runKills } from "./kill/kill.ts";

// Kills the server again and again while clients send, and checks that nothing acknowledged is lost or applied twice: in
// the middle of taking events in, of sending, of a fan-out, of a recovery and of a rotation of the root key.
//
//   bun tests/kill.ts --seed egg --events 20000 --kills 20
//   bun tests/kill.ts --seed hatch --events 60000 --kills 1000     the soak, some twenty minutes
//   bun tests/kill.ts --engine postgres
//   bun tests/kill.ts --canary          takes an event away before the checks: must end with 1

const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "sqlite" },
    seed: { type: "string", default: "egg" },
    events: { type: "string", default: "20000" },
    kills: { type: "string", default: "20" },
    pullers: { type: "string", default: "1100" },
    canary: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const report = await runKills({
  engine: values.engine === "postgres" ? "postgres" : "sqlite",
  seed: values.seed,
  events: Number(values.events),
  kills: Number(values.kills),
  pullers: Number(values.pullers),
  canary: values.canary,
  say: (line) => process.stderr.write(`${line}\n`),
});

const shown = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([name, amount]) => `${name} ${amount}`)
        .join(", ") || "nothing"
    : String(value);

if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
else {
  const { violations, ...figures } = report;
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${name.padEnd(18)} ${shown(value)}\n`);
  for (const violation of violations) process.stdout.write(`violated: ${violation}\n`);
  process.stdout.write(violations.length === 0 ? "nothing lost, nothing applied twice\n" : "NOT as promised\n");
}
process.exit(report.violations.length === 0 ? 0 : 1);
