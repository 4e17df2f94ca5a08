import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

// Makes dist/client: the typed client as one plain module for Node, Deno and browsers, with its types beside it.
//   bun run build:client [DIR]

const ROOT = join(import.meta.dir, "..");
const directory = resolve(process.argv[2] ?? join(ROOT, "dist", "client"));
const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");

function run(command: readonly string[]): void {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  if (exitCode === 0) return;
  process.stderr.write(`${stdout.toString()}${stderr.toString()}\n${command.join(" ")}\nexit ${exitCode}\n`);
  process.exit(1);
}

rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
run([process.execPath, "build", "src/client/index.ts", "--target=browser", "--format=esm", `--outdir=${directory}`]);

// The compiler is there for whoever develops; who only starts the server needs no types.
if (existsSync(compiler)) {
  const made = join(directory, "types");
  const flags = ["--declaration", "--emitDeclarationOnly", "--noEmit", "false", "--skipLibCheck", "--strict"];
  const form = ["--target", "esnext", "--module", "preserve", "--allowImportingTsExtensions", "--ignoreConfig"];
  run([process.execPath, compiler, ...flags, ...form, "--outDir", made, "src/client/index.ts"]);
  for (const name of readdirSync(made)) {
    const text = readFileSync(join(made, name), "utf8");
    writeFileSync(join(directory, name), text.replaceAll(/(from "\.\/[\w-]+)\.ts"/g, '$1.js"'));
  }
  rmSync(made, { recursive: true });
}
cpSync(join(ROOT, "LICENSE"), join(directory, "LICENSE"));
