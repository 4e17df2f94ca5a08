import { parseArgs } from "node:util";
import { runKeyRotation } from "./key-rotation/rotation.ts";

// Exchanges the root key under load, kills the server half-way, and has every webhook verified by the stock library.
//
//   bun tests/key-rotation.ts --secrets 20000 --kills 3
//   bun tests/key-rotation.ts --form file

const { values } = parseArgs({
  options: {
    form: { type: "string", default: "environment" },
    secrets: { type: "string", default: "20000" },
    kills: { type: "string", default: "3" },
  },
});

const { violations, ...figures } = await runKeyRotation({
  form: values.form === "file" ? "file" : "environment",
  secrets: Number(values.secrets),
  kills: Number(values.kills),
  say: (line) => process.stderr.write(`${line}\n`),
});
for (const [name, value] of Object.entries(figures)) process.stdout.write(`${name.padEnd(14)} ${value}\n`);
for (const violation of violations) process.stdout.write(`violated: ${violation}\n`);
process.stdout.write(violations.length === 0 ? "every webhook verified\n" : "NOT as promised\n");
process.exit(violations.length === 0 ? 0 : 1);
