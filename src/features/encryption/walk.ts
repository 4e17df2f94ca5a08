import type { Context } from "../../context.ts";
import { type SealedColumn, type SealedPlace, sealedBy, WrongKeyError } from "../../kernel/crypto.ts";
import { findValues, listMarks, type Mark, type Resealed, replaceValues, type SealedValue } from "./store.ts";

type Walking = Pick<Context, "clock" | "database" | "keyring">;

/** Rows whose marks are read at once. */
const MARKS = 250;
/** Values that are read at once: some are as long as a whole answer of the API. */
const VALUES = 25;
/** What one write changes at most. */
const BATCH_ROWS = 200;
const BATCH_CHARACTERS = 1_000_000;
/** Between two batches, and for as long as the batch took: the other half of the time is everybody else's. */
const PAUSE_MS = 25;

/** The rows of a column, page by page; between two pages others get their turn. */
async function* walk({ clock, database }: Walking, column: SealedColumn): AsyncGenerator<readonly Mark[]> {
  let after = "";
  for (;;) {
    const page = await database.read((reader) => listMarks(reader, column, after, MARKS));
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (!last || page.length < MARKS) return;
    after = last.row;
    await clock.sleep(1);
  }
}

function* chunksOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

/** How many values of a column each root key seals, by its id. */
export interface ColumnCount {
  readonly column: SealedColumn;
  readonly byKey: ReadonlyMap<string, number>;
}

export async function countValues(context: Walking, columns: readonly SealedColumn[]): Promise<readonly ColumnCount[]> {
  const counts: ColumnCount[] = [];
  for (const column of columns) {
    const byKey = new Map<string, number>();
    for await (const page of walk(context, column)) {
      for (const { key_id: id } of page) if (id !== null) byKey.set(id, (byKey.get(id) ?? 0) + 1);
    }
    counts.push({ column, byKey });
  }
  return counts;
}

/** How many values those keys seal together. */
export const countBy = (counts: readonly ColumnCount[], isWanted: (keyId: string) => boolean): number =>
  counts.reduce((sum, { byKey }) => {
    for (const [id, values] of byKey) if (isWanted(id)) sum += values;
    return sum;
  }, 0);

/** Values that do not open where they stand. */
export async function* findDamaged(context: Walking, columns: readonly SealedColumn[]): AsyncGenerator<SealedPlace> {
  for (const column of columns) {
    for await (const page of walk(context, column)) {
      const rows = page.filter((mark) => mark.key_id !== null).map(({ row }) => row);
      for (const chunk of chunksOf(rows, VALUES)) {
        for (const value of await context.database.read((reader) => findValues(reader, column, chunk))) {
          if (open(context, column, value) === undefined) yield placeOf(column, value.row);
        }
      }
    }
  }
}

const placeOf = ({ table, column }: SealedColumn, row: string): SealedPlace => ({ table, column, row });

function open({ keyring }: Pick<Context, "keyring">, column: SealedColumn, value: SealedValue): string | undefined {
  try {
    return keyring.open(placeOf(column, value.row), value.sealed);
  } catch (error) {
    if (error instanceof WrongKeyError) return undefined;
    throw error;
  }
}

/** What one walk over all columns met. */
export interface Pass {
  /** Values that another key than the sealing one had sealed, the damaged ones among them. */
  readonly stale: number;
  readonly damaged: readonly SealedPlace[];
}

interface Resealing {
  readonly columns: readonly SealedColumn[];
  readonly signal: AbortSignal;
  /** Told of each batch that is on the disk. */
  readonly resealed: (rows: number) => void;
}

/** Values of one column that were sealed anew and are not written yet. */
class Batch {
  readonly #context: Walking;
  readonly #column: SealedColumn;
  readonly #resealed: Resealing["resealed"];
  #values: Resealed[] = [];
  #characters = 0;

  constructor(context: Walking, column: SealedColumn, resealed: Resealing["resealed"]) {
    this.#context = context;
    this.#column = column;
    this.#resealed = resealed;
  }

  get isFull(): boolean {
    return this.#values.length >= BATCH_ROWS || this.#characters >= BATCH_CHARACTERS;
  }

  add({ row, sealed: before }: SealedValue, text: string): void {
    const sealed = this.#context.keyring.seal(placeOf(this.#column, row), text);
    this.#values.push({ row, sealed, before });
    this.#characters += sealed.length;
  }

  async write(): Promise<void> {
    if (this.#values.length === 0) return;
    const { clock, database } = this.#context;
    const began = clock.monotonic();
    const values = this.#values;
    this.#resealed(await database.write((writer) => replaceValues(writer, this.#column, values)));
    this.#values = [];
    this.#characters = 0;
    const tookMs = clock.monotonic() - began;
    await clock.sleep(Math.max(tookMs, PAUSE_MS));
  }
}

/**
 * Seals with the sealing key whatever another one had sealed. What is done shows in the rows themselves: a walk that was
 * cut off is simply begun again. @returns undefined where it was told to stop
 */
export async function reseal(context: Walking, { columns, signal, resealed }: Resealing): Promise<Pass | undefined> {
  const { database, keyring } = context;
  let stale = 0;
  const damaged: SealedPlace[] = [];
  const take = (column: SealedColumn, batch: Batch, value: SealedValue): void => {
    // Changed since its mark was read.
    if (sealedBy(value.sealed) === keyring.keyId) return;
    stale += 1;
    const text = open(context, column, value);
    if (text === undefined) damaged.push(placeOf(column, value.row));
    else batch.add(value, text);
  };
  for (const column of columns) {
    const batch = new Batch(context, column, resealed);
    for await (const page of walk(context, column)) {
      const rows = page.filter(({ key_id: id }) => id !== null && id !== keyring.keyId).map(({ row }) => row);
      for (const chunk of chunksOf(rows, VALUES)) {
        if (signal.aborted) return undefined;
        const values = await database.read((reader) => findValues(reader, column, chunk));
        for (const value of values) take(column, batch, value);
        if (batch.isFull) await batch.write();
      }
    }
    await batch.write();
  }
  return { stale, damaged };
}
