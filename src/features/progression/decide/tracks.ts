import type { CompiledTrack } from "../program/compile.ts";
import type { Work } from "./work.ts";

/** The highest rung that a total reaches; −1 below the first. */
function rungAt({ rungs }: CompiledTrack, total: number): number {
  let low = 0;
  let high = rungs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rungs[middle]?.at ?? 0) <= total) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where a member stands: on the rung that was recorded, and where none was (or it is gone) on the one of the total. */
export function standingOn(track: CompiledTrack, recorded: string | undefined, total: number): number {
  const index = recorded === undefined ? -1 : track.rungs.findIndex((rung) => rung.key === recorded);
  return index >= 0 ? index : rungAt(track, total);
}

/** By the total that the input began with: what it changes is told from there. */
const standing = (work: Work, track: CompiledTrack): number =>
  standingOn(track, work.level(track.key), work.member.state.balances[track.over]?.total ?? 0);

export const levelOf = (work: Work, track: CompiledTrack): string | undefined =>
  track.rungs[standing(work, track)]?.key;

/**
 * Levels follow the totals that changed: one effect from the rung before to the rung now, however many lie between.
 * Gaining never lowers a level, also where the rungs were raised since; reaching the rung at 0 is no news.
 */
export function settleTracks(work: Work): void {
  for (const track of work.program.tracks.values()) {
    if (!work.dirty.has(`balances:${track.over}`)) continue;
    const from = standing(work, track);
    const reached = rungAt(track, work.balance(track.over).total);
    const to = work.lowered.has(track.over) ? reached : Math.max(from, reached);
    const rung = track.rungs[to];
    if (work.level(track.key) !== rung?.key) work.setLevel(track.key, rung?.key);
    if (to === from) continue;
    const [before, after] = [track.rungs[from]?.key ?? null, rung?.key ?? null];
    work.effect(
      work.effectId(`track:${track.key}/${before}>${after}`),
      "level.changed",
      { rule: track.key, reason: `${work.balance(track.over).total} ${track.over} in all` },
      { track: track.key, from: before, to: after },
    );
  }
}
