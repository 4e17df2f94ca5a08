import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";
import { keyOf, performOnKeys } from "./keys-flags.ts";

export const command: Command = {
  name: "keys rotate",
  summary: "Gives a key a new secret; the old one works a while longer.",
  options: {
    key: { value: "KEY", description: "The key_… id." },
    overlap: {
      value: "DURATION",
      description: 'How long the old secret still works, "24h" if not given; "0" ends it at once.',
    },
  },
  positional: "key",
  example: "hatch keys rotate key_01jd8m3v6zf5q8r1n2b3c4d5e6 --overlap 24h",
  async run(invocation) {
    const result = await performOnKeys(invocation, "keys.rotate", {
      key: keyOf(invocation),
      overlap: invocation.text("overlap") ?? null,
    });
    invocation.terminal.out(
      invocation.json ? JSON.stringify(result) : `${result.secretKey}\n\n${result.id}; its secret is shown this once.`,
    );
    return EXIT.done;
  },
};
