/** What an expression came to that no body can be made of; the message says why. */
export class UnwritableError extends Error {
  override readonly name = "UnwritableError";
}

/** A body that is made may be as large as one that comes in. */
const BODY_BYTES_MAX = 1_048_576;
const DEPTH_MAX = 64;

/**
 * What an expression came to, as JSON: fields in their order, whole numbers with all their digits, times in ISO 8601. It
 * stops as soon as there is too much: a list may hold the same event a thousand times. @throws UnwritableError
 */
export function writeJson(value: unknown): string {
  const writer = new JsonWriter();
  writer.write(value, 0);
  return writer.text();
}

class JsonWriter {
  readonly #parts: string[] = [];
  #characters = 0;

  text(): string {
    return this.#parts.join("");
  }

  #add(part: string): void {
    this.#characters += part.length;
    if (this.#characters > BODY_BYTES_MAX) throw new UnwritableError(tooLarge());
    this.#parts.push(part);
  }

  write(value: unknown, depth: number): void {
    if (depth > DEPTH_MAX) throw new UnwritableError("the body is nested too deep");
    if (value === null || typeof value === "boolean") this.#add(String(value));
    else if (typeof value === "string") this.#add(JSON.stringify(value));
    else if (typeof value === "bigint") this.#add(String(value));
    else if (typeof value === "number") this.#writeNumber(value);
    else if (value instanceof Date) this.#add(JSON.stringify(value.toISOString()));
    else if (Array.isArray(value)) this.#writeList(value, depth);
    else if (value instanceof Map) this.#writeMap([...value], depth);
    else if (isPlain(value)) this.#writeMap(Object.entries(value), depth);
    else throw new UnwritableError("the body holds something that JSON has no form for");
  }

  #writeNumber(value: number): void {
    if (!Number.isFinite(value)) throw new UnwritableError("the body holds a number that JSON has no form for");
    this.#add(JSON.stringify(value));
  }

  #writeList(items: readonly unknown[], depth: number): void {
    this.#add("[");
    items.forEach((item, index) => {
      if (index > 0) this.#add(",");
      this.write(item, depth + 1);
    });
    this.#add("]");
  }

  #writeMap(entries: readonly (readonly [unknown, unknown])[], depth: number): void {
    const names = new Set<string>();
    this.#add("{");
    for (const [name, value] of entries) {
      if (typeof name !== "string" && typeof name !== "bigint") {
        throw new UnwritableError("the body holds a map whose names are neither text nor whole numbers");
      }
      const text = String(name);
      if (names.has(text)) throw new UnwritableError("the body holds a map with the same name twice");
      if (names.size > 0) this.#add(",");
      names.add(text);
      this.#add(`${JSON.stringify(text)}:`);
      this.write(value, depth + 1);
    }
    this.#add("}");
  }
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const tooLarge = (): string => `the body is larger than ${BODY_BYTES_MAX / 1_048_576} MiB`;

/** @throws UnwritableError */
export function boundedText(text: string): string {
  if (Buffer.byteLength(text) > BODY_BYTES_MAX) throw new UnwritableError(tooLarge());
  return text;
}
