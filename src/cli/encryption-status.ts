import type { Command } from "./command.ts";
import { type ShownStatus, statusText } from "./encryption-view.ts";
import { EXIT } from "./exit.ts";
import { perform } from "./perform.ts";

export const command: Command = {
  name: "encryption status",
  summary: "Shows which root key seals how much, and which is still needed.",
  options: {},
  example: "hatch encryption status",
  async run(invocation) {
    const result = await perform(invocation, "encryption.status", {});
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : statusText(result as unknown as ShownStatus));
    return EXIT.done;
  },
};
