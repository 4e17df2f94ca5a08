import type { Clock } from "./clock.ts";
import { isoTime } from "./clock.ts";
import type { JsonValue } from "./json.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, JsonValue | undefined>>;

/** One JSON object per line. Messages are fixed sentences; what varies stands in fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds these fields to every line. */
  with(fields: LogFields): Log;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Anything shaped like one of our credentials is cut to its visible prefix before a line is written. */
const CREDENTIAL =
  /\b(hp?k_(?:live|test)_[0-9A-Za-z]{4})[0-9A-Za-z]+|\b(whsec_)[0-9A-Za-z+/=_-]+|\b(h[ilrs]t_)[0-9A-Za-z]+|\b(eyJ)[\w-]+\.[\w-]+\.[\w-]*|\b(postgres(?:ql)?:\/\/)[^\s"'`]+/g;

export const maskCredentials = (text: string): string =>
  text.replace(
    CREDENTIAL,
    (_, key?: string, secret?: string, token?: string, jwt?: string, url?: string) =>
      `${key ?? secret ?? token ?? jwt ?? url}…`,
  );

export function createLog(options: {
  readonly clock: Clock;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
}): Log {
  const floor = RANK[options.level];
  const make = (bound: LogFields): Log => {
    const emit = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
      if (RANK[level] < floor) return;
      const line = { time: isoTime(options.clock.now()), level, message, ...bound, ...fields };
      options.write(`${maskCredentials(JSON.stringify(line))}\n`);
    };
    return {
      debug: (message, fields) => emit("debug", message, fields),
      info: (message, fields) => emit("info", message, fields),
      warn: (message, fields) => emit("warn", message, fields),
      error: (message, fields) => emit("error", message, fields),
      with: (fields) => make({ ...bound, ...fields }),
    };
  };
  return make({});
}

/** What may be logged of a thrown value: its name and message, never its fields, and a stack only for bugs. */
export function describeError(error: unknown): { readonly error: string; readonly stack?: string } {
  if (!(error instanceof Error)) return { error: String(error) };
  const described = { error: `${error.name}: ${error.message}` };
  return error.stack === undefined ? described : { ...described, stack: error.stack };
}
