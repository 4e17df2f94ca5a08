import { rmSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../app.ts";
import { writeDurably } from "../kernel/files.ts";

export interface SetupToken {
  readonly token: string;
  /** Where it also lies, for its owner only. */
  readonly file: string;
}

const fileIn = (dataDirectory: string): string => join(dataDirectory, "setup.token");

/** A new one for each start of an installation that nobody has claimed; undefined for all others. */
export async function issueSetupToken({ access, context }: App): Promise<SetupToken | undefined> {
  const token = await access.createSetupToken();
  if (token === undefined) return undefined;
  const file = fileIn(context.config.dataDirectory);
  writeDurably(file, `${token}\n`);
  return { token, file };
}

export const removeSetupToken = (dataDirectory: string): void => rmSync(fileIn(dataDirectory), { force: true });
