/** Ours of other kinds: who looks for leaked ones must be able to tell them apart. */
const TAKEN = /^(?:hk|hpk)_/i;

export const SECRET_PREFIX_WORDS =
  'Must be a letter, then letters, digits, "_" or "-", 32 at most, and not begin like a key of Hatch (hk_, hpk_).';

/** Whether made signing secrets may begin so. */
export const isSecretPrefix = (text: string): boolean =>
  /^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(text) && !TAKEN.test(text);
