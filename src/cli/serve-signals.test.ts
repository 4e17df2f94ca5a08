import { expect, test } from "bun:test";
import { join } from "node:path";

const SCRIPT = `
import { watchProcess } from ${JSON.stringify(join(import.meta.dir, "serve-signals.ts"))};
import { systemClock } from ${JSON.stringify(join(import.meta.dir, "../kernel/clock.ts"))};
import { createLog } from ${JSON.stringify(join(import.meta.dir, "../kernel/log.ts"))};
const log = createLog({ clock: systemClock, level: "info", write: (line) => process.stderr.write(line) });
const { ending } = watchProcess(log, systemClock);
HAPPENS
const { reason, failed } = await ending;
console.log(JSON.stringify({ reason, failed }));
process.exit(0);
`;

const watch = (happens: string) => {
  const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", SCRIPT.replace("HAPPENS", happens)]);
  return { ending: JSON.parse(stdout.toString()), log: stderr.toString() };
};

test.each([
  ["thrown in a timer", 'setTimeout(() => { throw new Error("boom hk_live_abcdefghijklmnop"); }, 1);'],
  ["rejected and not awaited", 'void Promise.reject(new Error("boom hk_live_abcdefghijklmnop"));'],
])("an error that nobody caught is logged without secrets and asks for an orderly end: %s", (_, happens) => {
  const { ending, log } = watch(happens);
  expect(ending).toEqual({ reason: "an error that nobody caught", failed: true });
  expect(JSON.parse(log)).toMatchObject({ level: "error", error: "Error: boom hk_live_abcd…" });
});

test("a signal asks for an orderly end that is no failure", () => {
  expect(watch("process.kill(process.pid, 'SIGTERM');").ending).toEqual({ reason: "SIGTERM", failed: false });
});
