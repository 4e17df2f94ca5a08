import { createReadStream, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { AuditFault } from "../journal/audit-fault.ts";
import { type AuditVerdict, verifyAudit } from "../journal/audit-verify.ts";
import type { KeptFile } from "../journal/audit-witness.ts";
import { isoTime } from "../kernel/clock.ts";
import type { JsonObject } from "../kernel/json.ts";
import { findNames, keyringOf, lookInto } from "./audit-place.ts";
import type { Command, Invocation } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { countOf, printable } from "./view.ts";

/** Line by line: a server's log may be longer than memory. */
async function* linesIn(file: string): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of createReadStream(file, { encoding: "utf8" })) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

function keptFileOf(invocation: Invocation, path: string): KeptFile {
  const file = resolve(invocation.workingDirectory, path);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new UsageError(`--checkpoint ${path}: no such file.`);
  return { name: basename(path), lines: linesIn(file) };
}

type Names = ReadonlyMap<string, string>;

const nameOf = (chain: string | undefined, names: Names): string => {
  if (chain === undefined) return "checkpoints";
  const name = names.get(chain);
  return chain === "" ? "installation" : name === undefined ? chain : `${printable(name)} (${chain})`;
};

const viewOfFault = ({ kind, chain, sequence, at, message }: AuditFault, names: Names): JsonObject => ({
  kind,
  workspaceId: chain || null,
  workspace: chain === undefined || chain === "" ? null : (names.get(chain) ?? null),
  sequence,
  at: at === undefined ? null : isoTime(at),
  message,
});

const viewOf = ({ chains, checkpoints, witnesses, faults }: AuditVerdict, names: Names): JsonObject => ({
  ok: faults.length === 0,
  chains: chains.map(({ chain, entries, lastAt, unexplained }) => ({
    workspaceId: chain || null,
    entries,
    lastAt: lastAt === undefined ? null : isoTime(lastAt),
    detailsGone: unexplained,
  })),
  checkpoints: { count: checkpoints.count, lastAt: checkpoints.lastAt ?? null },
  compared: witnesses,
  faults: faults.map((fault) => viewOfFault(fault, names)),
});

function linesOf({ chains, checkpoints, witnesses, faults }: AuditVerdict, names: Names): string[] {
  const lines: string[] = [];
  for (const { chain, entries, lastAt, unexplained } of chains) {
    const found = faults.filter((fault) => fault.chain === chain);
    for (const { message } of found) lines.push(`FAULT  ${nameOf(chain, names)}: ${message}`);
    const last = lastAt === undefined ? "" : `, the last of ${isoTime(lastAt)}`;
    if (found.length === 0)
      lines.push(`ok     ${nameOf(chain, names)}: ${countOf(entries, "entry", "entries")}${last}`);
    if (unexplained > 0) {
      const whose = countOf(unexplained, "entry", "entries");
      lines.push(`note   ${nameOf(chain, names)}: the details of ${whose} are gone, and no retention run says why`);
    }
  }
  for (const { chain, message } of faults) if (chain === undefined) lines.push(`FAULT  ${message}`);
  const { count, lastAt } = checkpoints;
  const signed = `${countOf(count, "signed checkpoint")}${lastAt === undefined ? "" : `, the last of ${lastAt}`}`;
  const seen = countOf(witnesses, "entry was", "entries were");
  lines.push("", `Compared with ${signed}: ${seen} looked up that somebody had seen.`);
  return lines;
}

const HOLDS =
  "The audit log holds. What was cut off since the last checkpoint that you keep elsewhere can't be seen here.";
const BROKEN = "The audit log was tampered with.";

export const command: Command = {
  name: "audit verify",
  summary: "Finds audit entries that were changed, taken out or cut off; writes nothing.",
  options: {
    checkpoint: {
      value: "FILE",
      multiple: true,
      description: "What you kept elsewhere: checkpoints, the server's log, an export or the stream; may be repeated.",
    },
  },
  example: "hatch audit verify --checkpoint ./checkpoint.json",
  async run(invocation) {
    const kept = invocation.list("checkpoint").map((path) => keptFileOf(invocation, path));
    const { verdict, names } = await lookInto(invocation, async (database) => {
      const keyring = await keyringOf(invocation, database);
      const found = await database.read((reader) => verifyAudit({ keyring }, reader, kept));
      return { verdict: found, names: await findNames(database) };
    });
    const ok = verdict.faults.length === 0;
    const text = [...linesOf(verdict, names), ok ? HOLDS : BROKEN].join("\n");
    invocation.terminal.out(invocation.json ? JSON.stringify(viewOf(verdict, names)) : text);
    return ok ? EXIT.done : EXIT.failed;
  },
};
