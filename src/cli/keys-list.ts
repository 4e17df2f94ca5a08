import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";
import { ENVIRONMENT_OPTIONS, environmentOf, performOnKeys } from "./keys-flags.ts";

interface Listed {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly status: string;
  readonly lastUsedAt: string | null;
  readonly prefixes: readonly string[];
}

const line = ({ id, kind, name, status, lastUsedAt, prefixes }: Listed): string =>
  [
    id,
    kind.padEnd(4),
    status.padEnd(7),
    (prefixes[0] ?? "").padEnd(13),
    (lastUsedAt ?? "never used").padEnd(24),
    name,
  ].join("  ");

export const command: Command = {
  name: "keys list",
  summary: "Lists API keys, without their secrets.",
  options: ENVIRONMENT_OPTIONS,
  example: "hatch keys list --environment live",
  async run(invocation) {
    const result = await performOnKeys(invocation, "keys.list", {
      environment: environmentOf(invocation) ?? null,
      workspace: invocation.text("workspace") ?? null,
    });
    const keys = result.keys as unknown as readonly Listed[];
    const text = keys.length === 0 ? "There are no keys." : keys.map(line).join("\n");
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : text);
    return EXIT.done;
  },
};
