import { type App, createApp } from "../app.ts";
import type { Config } from "../config/config.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { findRootKey, type RootKey } from "../config/root-key.ts";
import type { AuditSink } from "../journal/audit-stream.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { createLog, type Log } from "../kernel/log.ts";
import type { Invocation } from "./command.ts";
import { removeSetupToken } from "./setup-token.ts";

/** JSON lines on stderr. */
export const logOf = ({ terminal }: Invocation, { log: { level } }: Pick<Config, "log">): Log =>
  createLog({ clock: systemClock, level, write: (line) => terminal.error(line.trimEnd()) });

/** For a person who waits for a result: what wants somebody, unless they said what they want to see. */
export function logForPerson(invocation: Invocation, { config, explained }: LoadedConfig): Log {
  const isSet = explained.some(({ path, source }) => path === "log.level" && source !== "default");
  return logOf(invocation, isSet ? config : { log: { level: "warn" } });
}

export const rootKeyFinder =
  ({ environment, workingDirectory }: Invocation, { dataDirectory }: Config) =>
  (): RootKey | undefined =>
    findRootKey({ environment, workingDirectory, dataDirectory });

/** What is opened: the settings, and the secrets that are not among them. */
export type Installation = Pick<LoadedConfig, "config" | "databaseUrl"> &
  Partial<Pick<LoadedConfig, "mailPassword" | "oidcClientSecret" | "proxyPassword">>;

/** Opens the installation: the lock, the database, the rooms. Nothing listens and nothing runs before `start`. */
export const openApp = (
  invocation: Invocation,
  {
    config,
    databaseUrl,
    mailPassword,
    oidcClientSecret,
    proxyPassword,
    clock = systemClock,
    auditOut,
  }: Installation & { readonly clock?: Clock; readonly auditOut?: AuditSink },
  log: Log,
  onClaimed: () => void = () => {},
): Promise<App> =>
  createApp({
    config,
    databaseUrl,
    mailPassword,
    oidcClientSecret,
    proxyPassword,
    reopenMoved: invocation.yes("reopen-moved"),
    log,
    clock,
    ...(auditOut === undefined ? {} : { auditOut }),
    findRootKey: rootKeyFinder(invocation, config),
    onClaimed() {
      removeSetupToken(config.dataDirectory);
      onClaimed();
    },
  });
