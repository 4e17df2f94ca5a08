/**
 * How large a program may be. It is evaluated inside the one write lane, at each event, so everything in it has an end:
 * with these a program that means harm costs milliseconds, not minutes.
 */
export const PROGRAM_CHARS_MAX = 256 * 1024;
export const PROGRAM_VALUES_MAX = 50_000;
export const PROGRAM_DEPTH_MAX = 32;

export const EVENT_TYPES_MAX = 200;
export const CURRENCIES_MAX = 50;
export const RULES_MAX = 200;
export const ACTIONS_PER_RULE_MAX = 10;
export const LIMITS_PER_RULE_MAX = 5;
/** Of all rules together: what each has used stands in the member's state, which has 64 KiB. */
export const MEMBER_LIMITS_MAX = 80;
export const TRACKS_MAX = 20;
export const RUNGS_PER_TRACK_MAX = 200;
export const STREAKS_MAX = 50;
export const MILESTONES_MAX = 100;
export const BADGES_MAX = 200;
export const LEADERBOARDS_MAX = 50;
export const REWARDS_MAX = 500;

export const TITLE_CHARS_MAX = 200;
export const DESCRIPTION_CHARS_MAX = 2_000;
export const NOTE_CHARS_MAX = 500;

/** Of one credit or debit, in minor units. */
export const AMOUNT_MAX = 1_000_000_000_000;
/** Above this, integers are no longer exact in JSON. */
export const BALANCE_MAX = Number.MAX_SAFE_INTEGER;

/** Effects that follow from effects: points → level → badge → points … */
export const CASCADE_DEPTH_MAX = 8;

/** How much of an expression's text an effect repeats as its reason. */
export const REASON_CHARS_MAX = 200;
