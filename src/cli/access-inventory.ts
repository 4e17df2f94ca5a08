import { inventoryMarkdown, inventoryText, readInventory } from "./access-view.ts";
import type { Command } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { perform } from "./perform.ts";

export const command: Command = {
  name: "access inventory",
  summary: "Shows who may call each route.",
  options: { markdown: { description: "Prints the table of docs/access-inventory.md." } },
  example: "hatch access inventory --markdown --data ./hatch-data",
  async run(invocation) {
    const asMarkdown = invocation.yes("markdown");
    if (asMarkdown && invocation.json) throw new UsageError("--markdown and --json: only one of them.");
    const result = await perform(invocation, "access.inventory", {});
    const entries = readInventory(result);
    const text = asMarkdown ? inventoryMarkdown(entries).trimEnd() : inventoryText(entries);
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : text);
    return EXIT.done;
  },
};
