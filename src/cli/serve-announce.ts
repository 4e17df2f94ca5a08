import type { App } from "../app.ts";
import { BUILD } from "../config/build.ts";
import type { Invocation } from "./command.ts";
import type { SetupToken } from "./setup-token.ts";
import type { Terminal } from "./terminal.ts";

/** Where stdout is no terminal, one line that scripts wait for. */
export function announceToPrograms({ interactive, out }: Terminal, url: string, adminUrl?: string): void {
  if (!interactive) out(JSON.stringify({ event: "listening", url, adminUrl }));
}

/** What a program reads in the log. */
export function tellPerson({ interactive, out }: Terminal, line: string): void {
  if (interactive) out(line);
}

/** Loud, once, and where a person looks: losing the key loses every secret in the database. */
const keyMade = (path: string): readonly string[] => [
  "",
  `The key that secrets are sealed with was made: ${path}`,
  "Keep a copy of it elsewhere: without it a backup can't be opened.",
];

const notSetUp = (url: string, { token, file }: SetupToken): readonly string[] => [
  "",
  `Nothing is set up yet. Open ${url}/ and give this one-time token:`,
  `  ${token}`,
  `It is also in ${file}. Without a browser: hatch setup --help`,
];

/** Tells that requests are accepted. The one-time token is shown to a person at a terminal and to nobody else. */
export function announce(
  { terminal }: Invocation,
  { context: { log, config }, opening, adminAddress }: App,
  url: string,
  setupToken: SetupToken | undefined,
): void {
  const { place, madeKey, migrated, snapshot } = opening;
  const adminUrl = adminAddress();
  if (snapshot !== undefined) {
    log.info("the database was copied, then migrated", { snapshot, migrations: migrated.join(", ") });
  }
  if (terminal.interactive) {
    const lines = [
      `Hatch ${BUILD.version} listens on ${url}`,
      ...(adminUrl === undefined ? [] : [`Operators are answered on ${adminUrl}`]),
      `Data: ${config.dataDirectory}`,
      ...(place.startsWith(config.dataDirectory) ? [] : [`Database: ${place}`]),
      ...(snapshot === undefined ? [] : [`It was migrated; as it was before, it is kept as ${snapshot}`]),
      ...(madeKey === undefined ? [] : keyMade(madeKey)),
      ...(setupToken ? notSetUp(url, setupToken) : []),
      "",
      "Ctrl-C stops it in order.",
    ];
    terminal.out(lines.join("\n"));
    return;
  }
  if (madeKey !== undefined) log.warn("the root key was made: keep a copy of it elsewhere", { file: madeKey });
  if (setupToken) log.warn("not set up yet: the one-time token lies in a file", { file: setupToken.file });
  announceToPrograms(terminal, url, adminUrl);
}
