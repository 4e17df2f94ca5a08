/** Control characters, lone surrogates and line separators have no place in names and ids. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u;

/** An id that a caller chose: 1–255 printable characters, never `.` or `..` (a path would swallow them). */
export function isCallerId(text: string): boolean {
  return text.length >= 1 && text.length <= 255 && text !== "." && text !== ".." && PRINTABLE.test(text);
}

/** A name of an event type: 1–128 characters without controls, compared exactly. */
export function isEventTypeName(text: string): boolean {
  return text.length <= 128 && PRINTABLE.test(text);
}

const EMAIL = /^[^\s@]{1,64}@[^\s@]+\.[^\s@.]{2,}$/;
const PHONE = /^\+?[0-9][0-9 ().-]{6,18}[0-9]$/;

/**
 * Whether an id looks like an e-mail address or a phone number. A run of digits alone is no phone number: many
 * applications number their users.
 */
export function looksPersonal(userId: string): boolean {
  return EMAIL.test(userId) || (PHONE.test(userId) && /[+ ().-]/.test(userId));
}
