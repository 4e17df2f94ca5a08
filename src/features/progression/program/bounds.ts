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

export const EXPRESSION_CHARS_MAX = 2_000;
export const EXPRESSION_NODES_MAX = 500;
export const EXPRESSION_DEPTH_MAX = 64;
/** One macro inside another: every pair of two lists, never every triple. */
export const MACRO_NESTING_MAX = 2;
export const MACRO_ITEMS_MAX = 1_000;
export const PATTERN_CHARS_MAX = 300;
/** The size of a regular expression once its repeats are written out. */
export const PATTERN_PROGRAM_MAX = 500;
/** Text that a regular expression is asked about. */
export const PATTERN_TEXT_CHARS_MAX = 4_096;
/** Text and lists that an expression makes. */
export const MADE_TEXT_CHARS_MAX = 64 * 1024;
export const MADE_LIST_ITEMS_MAX = 10_000;
/** What one expression, and what all those of one input, may spend: about 10 and 50 milliseconds at the very worst. */
export const STEPS_PER_EXPRESSION_MAX = 100_000;
export const STEPS_PER_INPUT_MAX = 500_000;

/** How much of an expression's text an effect repeats as its reason. */
export const REASON_CHARS_MAX = 200;
