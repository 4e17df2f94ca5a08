import { safeParse } from "valibot";
import type { Context } from "../../../context.ts";
import type { Reader } from "../../../database/database.ts";
import { assert } from "../../../kernel/assert.ts";
import type { Id } from "../../../kernel/ids.ts";
import { type CompiledProgram, compileProgram } from "./compile.ts";
import { EMPTY_PROGRAM } from "./empty.ts";
import { Program } from "./schema.ts";
import { findLatestVersion, findPublished, type PublishedProgram } from "./store.ts";

/** The published program of each environment, ready to decide with. */
export interface ProgramCache {
  /** The newest version that `reader` can see; the empty program where nothing was published. */
  active(reader: Reader, environmentId: Id<"env">): Promise<CompiledProgram>;
  /** A version is being published: what was known of the environment no longer holds. */
  forget(environmentId: Id<"env">): void;
}

/** Environments kept ready; one that has not been asked for longest is read anew. */
const KEPT_MAX = 1_000;

export function createProgramCache({ database }: Pick<Context, "database">): ProgramCache {
  const kept = new Map<Id<"env">, CompiledProgram>();
  /** Rises with each publication: what was read before it must not be kept after it. */
  let epoch = 0;
  database.onRollback(() => {
    epoch += 1;
    kept.clear();
  });

  async function load(reader: Reader, environmentId: Id<"env">): Promise<CompiledProgram> {
    const began = epoch;
    const published = await findPublished(reader, environmentId);
    const program = published ? readyProgram(published) : EMPTY_PROGRAM;
    if (began !== epoch) return program;
    if (kept.size >= KEPT_MAX) {
      const [oldest] = kept.keys();
      if (oldest !== undefined) kept.delete(oldest);
    }
    kept.set(environmentId, program);
    return program;
  }

  return {
    async active(reader, environmentId) {
      const known = kept.get(environmentId);
      if (!known) return load(reader, environmentId);
      // Another node may have published: its number is one index look-up away.
      const isShared = database.capabilities.sharedAcrossProcesses;
      if (isShared && (await findLatestVersion(reader, environmentId)) !== known.version)
        return load(reader, environmentId);
      return known;
    },
    forget(environmentId) {
      epoch += 1;
      kept.delete(environmentId);
    },
  };
}

/** A stored version, compiled. It was checked in full when it was saved. */
function readyProgram({ content, version, id }: PublishedProgram): CompiledProgram {
  const parsed = safeParse(Program, content);
  assert(parsed.success, `the published program ${id} can't be read by this release`);
  return compileProgram(parsed.output, content, { version, id });
}
