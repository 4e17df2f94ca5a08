import type { Config } from "../../src/config/config.ts";
import type { RetentionRule } from "../../src/jobs/retention.ts";
import { formatDuration } from "../../src/kernel/units.ts";

function keptOf({ kept, setting, after }: RetentionRule, config: Config): string {
  if (!kept) return "for ever";
  const duration = kept(config);
  const time = setting === undefined ? formatDuration(duration) : `${formatDuration(duration)} (\`${setting}\`)`;
  return duration === 0 ? `until ${after}` : `${time} after ${after}`;
}

/** What the rooms declare, as a table of the guide on operating. */
export function retentionTable(rules: readonly RetentionRule[], config: Config): string {
  const lines = rules.map((rule) => `| ${rule.what} | ${keptOf(rule, config)} |`);
  return ["| what | kept |", "| --- | --- |", ...lines].join("\n");
}
