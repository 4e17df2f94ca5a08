import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";
import { perform } from "./perform.ts";

export const command: Command = {
  name: "audit checkpoint",
  summary: "Prints a signed note of where every audit chain ends, to be kept elsewhere.",
  options: {},
  example: "hatch audit checkpoint > checkpoint.json",
  async run(invocation) {
    const { checkpoint } = await perform(invocation, "audit.checkpoint", {});
    invocation.terminal.out(JSON.stringify(checkpoint));
    if (invocation.terminal.interactive) {
      invocation.terminal.error("Keep it on another machine: hatch audit verify --checkpoint FILE");
    }
    return EXIT.done;
  },
};
