import { serverOf } from "../app.ts";
import { compactDatabase } from "../database/compact.ts";
import { hasDatabase } from "../database/open.ts";
import { AppError } from "../kernel/errors.ts";
import { formatBytes } from "../kernel/units.ts";
import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";

export const command: Command = {
  name: "database compact",
  summary: "Writes the database's file anew without its free space; the server has to be stopped.",
  options: {},
  example: "hatch database compact --data ./hatch-data",
  async run(invocation) {
    const { config, databaseUrl } = await invocation.loadConfig();
    if (serverOf(config, databaseUrl)) {
      throw new AppError("conflict", "The database is on a server, which looks after its space itself.");
    }
    if (!hasDatabase(config.dataDirectory)) {
      throw new AppError("not_found", `There is no installation in ${config.dataDirectory}.`, {
        hint: "Name its folder with --data.",
      });
    }
    const { bytesBefore, bytesAfter } = compactDatabase(config.dataDirectory);
    const text = `The database had ${formatBytes(bytesBefore)} and has ${formatBytes(bytesAfter)}.`;
    invocation.terminal.out(invocation.json ? JSON.stringify({ bytesBefore, bytesAfter }) : text);
    return EXIT.done;
  },
};
