import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";
import { perform } from "./perform.ts";

export const command: Command = {
  name: "tokens rotate",
  summary: "Has tokens and sessions signed with a new key from now on.",
  options: {},
  example: "hatch tokens rotate",
  async run(invocation) {
    const result = await perform(invocation, "tokens.rotate", {});
    invocation.terminal.out(
      invocation.json
        ? JSON.stringify(result)
        : `${result.keyId} signs from now on. What was signed before works until it ends by itself, for a day at most.`,
    );
    return EXIT.done;
  },
};
