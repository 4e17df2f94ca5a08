/** Differences up to which a name counts as a slip of the pen, as a share of its length. */
const SLIP_SHARE = 0.25;
const SLIP_MAX = 3;

/** The known word that a misspelt one was probably meant to be. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Math.min(SLIP_MAX, Math.max(1, Math.floor(word.length * SLIP_SHARE))) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= fewest) continue;
    const differences = distance(word, candidate);
    if (differences >= fewest) continue;
    fewest = differences;
    best = candidate;
  }
  return best;
}

/** Letters to insert, delete or replace, row by row (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, place) => place);
  for (let at = 1; at <= from.length; at++) {
    const next = [at];
    for (let place = 1; place <= to.length; place++) {
      const replaced = (row[place - 1] ?? 0) + (from[at - 1] === to[place - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[place] ?? 0) + 1, (next[place - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
