import * as v from "valibot";
import type { App } from "../app.ts";
import { parseInput } from "../http/validate.ts";
import { signAllHeads } from "../journal/audit-checkpoint.ts";
import { AUDIT_FORMATS, noteExport } from "../journal/audit-export.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { OperatorPrincipal } from "../kernel/principal.ts";
import type { UnixMs } from "../kernel/units.ts";

const text = v.optional(v.string());
const time = v.optional(v.number());
const ExportInput = v.object({
  chains: v.array(v.string()),
  format: v.picklist(AUDIT_FORMATS),
  filter: v.object({ actor: text, action: text, target: text, requestId: text, since: time, until: time }),
});

/** Signs where every chain ends now. */
export async function signCheckpoint({ context }: App): Promise<JsonObject> {
  return { checkpoint: { ...(await signAllHeads(context)) } };
}

/** What a command is about to export, in each chain that it takes from. @returns up to which entry it may */
export async function noteAuditExport(
  { context }: App,
  principal: OperatorPrincipal,
  input: JsonObject,
): Promise<JsonObject> {
  const { chains, format, filter } = parseInput(ExportInput, input);
  const upTo: Record<string, number> = {};
  for (const chain of chains) {
    upTo[chain] = await noteExport(context, principal, {
      // They come from a look into this very database.
      chain: chain as Id<"ws"> | "",
      format,
      filter: { ...filter, since: filter.since as UnixMs | undefined, until: filter.until as UnixMs | undefined },
    });
  }
  return { upTo };
}
