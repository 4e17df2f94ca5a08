import { type House, sourceFile } from "./source.ts";

/** One rule of the house. It lists what breaks it, and proves on offenders in memory that it can. */
export interface Rule {
  /** A sentence that says what holds. */
  readonly name: string;
  /** What breaks the rule: `path:line what`. */
  find(house: House): string[];
  /** Each must be found. */
  readonly offenders: readonly House[];
  /** None may be found: the rule does not refuse what is right. */
  readonly innocents?: readonly House[];
}

const EMPTY: House = {
  sources: [],
  documents: [],
  migrations: [],
  paths: new Set(),
  manifest: { dependencies: {} },
  lock: "",
};

/** A house that holds only these files. */
export const houseOf = (files: Readonly<Record<string, string>>, rest: Partial<House> = {}): House => {
  const entries = Object.entries(files);
  const ending = (suffix: string) =>
    entries.filter(([path]) => path.endsWith(suffix)).map(([path, text]) => ({ path, text }));
  return {
    ...EMPTY,
    sources: [...ending(".ts"), ...ending(".tsx")].map(({ path, text }) => sourceFile(path, text)),
    documents: ending(".md"),
    migrations: ending(".sql"),
    paths: new Set(Object.keys(files)),
    ...rest,
  };
};
