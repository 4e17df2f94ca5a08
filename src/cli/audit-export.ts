import { AUDIT_FORMATS, type AuditFormat, exportChain, headOf } from "../journal/audit-export.ts";
import type { Id } from "../kernel/ids.ts";
import { AUDIT_OPTIONS, filterOf, findChains, lookInto } from "./audit-place.ts";
import type { Command } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { perform } from "./perform.ts";

function formatOf(text = "jsonl"): AuditFormat {
  const format = AUDIT_FORMATS.find((known) => known === text);
  if (format) return format;
  throw new UsageError(`--format ${text}: expected one of ${AUDIT_FORMATS.join(", ")}.`);
}

export const command: Command = {
  name: "audit export",
  summary: "Prints audit entries, oldest first, as JSON Lines or CSV; that it was done is an entry too.",
  options: {
    format: { value: "FORMAT", description: `${AUDIT_FORMATS.join(" or ")}; jsonl if not given.` },
    ...AUDIT_OPTIONS,
  },
  example: "hatch audit export --format csv --since 30d > audit.csv",
  async run(invocation) {
    const { terminal } = invocation;
    const format = formatOf(invocation.text("format"));
    const filter = filterOf(invocation);
    const chains = await lookInto(invocation, (database) => findChains(invocation, database));
    const asked = { chains: chains.map(({ chain }) => chain), format, filter: { ...filter } };
    const { upTo } = (await perform(invocation, "audit.export", asked)) as { readonly upTo: Record<string, number> };
    await lookInto(invocation, async (database) => {
      const head = headOf(format);
      if (head !== "") terminal.out(head.slice(0, -1));
      for (const { chain } of chains) {
        // It comes from a look into this very database.
        const exported = { chain: chain as Id<"ws"> | "", filter, format, upTo: upTo[chain] ?? 0 };
        for await (const lines of exportChain(database, exported)) terminal.out(lines.slice(0, -1));
      }
    });
    return EXIT.done;
  },
};
