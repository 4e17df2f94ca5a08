/** How large an expression and what it makes may be. It is evaluated where others wait, so everything in it has an end. */
export const EXPRESSION_CHARS_MAX = 2_000;
const EXPRESSION_NODES_MAX = 500;
/** What makes a whole document (the body of a request) and is never evaluated in the write lane. */
const LARGE_EXPRESSION_CHARS_MAX = 8_000;
const LARGE_EXPRESSION_NODES_MAX = 2_000;
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

export type Size = "small" | "large";
export const SIZES: Readonly<Record<Size, { readonly characters: number; readonly nodes: number }>> = {
  small: { characters: EXPRESSION_CHARS_MAX, nodes: EXPRESSION_NODES_MAX },
  large: { characters: LARGE_EXPRESSION_CHARS_MAX, nodes: LARGE_EXPRESSION_NODES_MAX },
};
