/** A broken assumption is a bug: the work stops and the request is answered `internal`. */
class AssertionError extends Error {
  override readonly name = "AssertionError";
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The end of a `switch` over every kind of a union: a kind that was added and forgotten here does not compile. */
export function assertNever(value: never): never {
  throw new AssertionError(`an unexpected value: ${JSON.stringify(value)}`);
}
