import manifest from "../../package.json" with { type: "json" };

/** Written into the executable by scripts/build.ts; not there when the sources run as they are. */
declare const HATCH_BUILD_COMMIT: string | undefined;
declare const HATCH_BUILD_LOCKFILE: string | undefined;

/** What this program was made from. */
export interface Build {
  readonly version: string;
  /** `unknown` where it was not built from a repository. */
  readonly commit: string;
  readonly bun: string;
  /** SHA-256 of bun.lock: which dependencies are inside. */
  readonly lockfile: string;
}

export const BUILD: Build = {
  version: manifest.version,
  commit: typeof HATCH_BUILD_COMMIT === "string" ? HATCH_BUILD_COMMIT : "unknown",
  bun: Bun.version,
  lockfile: typeof HATCH_BUILD_LOCKFILE === "string" ? HATCH_BUILD_LOCKFILE : "unknown",
};
