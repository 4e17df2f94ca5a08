import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";
import { keyOf, performOnKeys } from "./keys-flags.ts";

export const command: Command = {
  name: "keys revoke",
  summary: "Ends a key at once.",
  options: { key: { value: "KEY", description: "The key_… id." } },
  positional: "key",
  example: "hatch keys revoke key_01jd8m3v6zf5q8r1n2b3c4d5e6",
  async run(invocation) {
    const result = await performOnKeys(invocation, "keys.revoke", { key: keyOf(invocation) });
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : `${result.id} is revoked.`);
    return EXIT.done;
  },
};
