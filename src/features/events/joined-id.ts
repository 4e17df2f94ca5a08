import { sha256Hex } from "../../kernel/crypto.ts";

const CHARACTERS_MAX = 255;
const JOINT = "|";

/**
 * Two texts as one id: distinct pairs give distinct ids. The first joint in it is the one between the two; where that
 * would not hold, or the id would be too long, a hash takes its place, which has no joint.
 */
export function joinedId(first: string, second: string): string {
  const joined = `${first}${JOINT}${second}`;
  if (!first.includes(JOINT) && joined.length <= CHARACTERS_MAX) return joined;
  return `sha256:${sha256Hex(JSON.stringify([first, second]))}`;
}
