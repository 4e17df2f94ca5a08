import type { PageBundles } from "../../static/bundle.ts";
import { once } from "./site-once.ts";

/** Written into the executable by scripts/build.ts; not there when the sources run as they are. */
declare const HATCH_BUILD_COMMIT: string | undefined;

/**
 * The scripts of the pages. The executable carries them made; where the sources run as they are they are made now, from
 * what lies in static/, so that nothing has to be built before a test or `bun run dev`.
 */
export const loadBundles = once(async (): Promise<PageBundles> => {
  if (typeof HATCH_BUILD_COMMIT === "string") {
    const made: unknown = (await import("../../dist/pages/bundles.json", { with: { type: "json" } })).default;
    // Written by the build from the same list; the one that lies there while the sources change may be older.
    return made as PageBundles;
  }
  return (await import("../../static/bundle.ts")).bundlePages();
});
