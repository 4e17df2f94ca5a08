import { namedInLetter } from "../../outbound/mail/letter.ts";

const REASON_CHARACTERS_MAX = 300;

/** Why somebody did it, in their own words, of which no mail program makes a link. */
export const reasonInLetter = (reason: string): string => namedInLetter(reason, REASON_CHARACTERS_MAX);
