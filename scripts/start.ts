import { chmodSync, copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXECUTABLE, ensureExecutable } from "./executable.ts";

// Builds the executable where needed and becomes the demonstration: `hatch serve --demo` with the example's settings.

if (!(await ensureExecutable())) process.exit(1);

const OTHERS_WRITE = 0o022;
const example = join(import.meta.dir, "..", "hatch.config.ts");
const { uid, mode } = statSync(example);
const self = process.getuid?.() ?? uid;

// A configuration that is code is refused where others may write to it. Of a copy that was cloned with a generous umask, or
// by somebody else, a private copy is read instead; the file itself stays as it is.
const isOurs = (uid === self || uid === 0) && (mode & OTHERS_WRITE) === 0;
const folder = isOurs ? undefined : mkdtempSync(join(tmpdir(), "hatch-config-"));
const config = folder === undefined ? example : join(folder, "hatch.config.ts");
if (folder !== undefined) {
  copyFileSync(example, config);
  chmodSync(config, 0o600);
}

const hatch = Bun.spawn([EXECUTABLE, "serve", "--demo", "--config", config, ...process.argv.slice(2)], {
  stdio: ["inherit", "inherit", "inherit"],
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => hatch.kill(signal));
const code = await hatch.exited;
if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
process.exit(code);
