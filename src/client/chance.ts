/** Names a write: a repeat with the same name is the same write. */
export const makeId = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};

/** From 0 up to 1, without 1. For waiting times, not for secrets. */
export const fraction = (): number => Math.random();
