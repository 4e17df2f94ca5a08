import { type App, createApp } from "../app.ts";
import type { Config } from "../config/config.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { findRootKey, type RootKey } from "../config/root-key.ts";
import { systemClock } from "../kernel/clock.ts";
import { createLog, type Log } from "../kernel/log.ts";
import type { Invocation } from "./command.ts";
import { removeSetupToken } from "./setup-token.ts";

/** JSON lines on stderr. */
export const logOf = ({ terminal }: Invocation, config: Config): Log =>
  createLog({ clock: systemClock, level: config.log.level, write: (line) => terminal.error(line.trimEnd()) });

export const rootKeyFinder =
  ({ environment, workingDirectory }: Invocation, { dataDirectory }: Config) =>
  (): RootKey | undefined =>
    findRootKey({ environment, workingDirectory, dataDirectory });

/** What is opened: the settings, and the database's URL where it has one. */
export type Installation = Pick<LoadedConfig, "config" | "databaseUrl">;

/** Opens the installation: the lock, the database, the rooms. Nothing listens and nothing runs before `start`. */
export const openApp = (
  invocation: Invocation,
  { config, databaseUrl }: Installation,
  log: Log,
  onClaimed: () => void = () => {},
): Promise<App> =>
  createApp({
    config,
    databaseUrl,
    reopenMoved: invocation.yes("reopen-moved"),
    log,
    clock: systemClock,
    findRootKey: rootKeyFinder(invocation, config),
    onClaimed() {
      removeSetupToken(config.dataDirectory);
      onClaimed();
    },
  });
