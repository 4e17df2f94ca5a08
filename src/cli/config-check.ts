import { serverOf } from "../app.ts";
import { findRootKey } from "../config/root-key.ts";
import { parsePostgresAddress } from "../database/postgres-address.ts";
import { refuseWithoutRootKey } from "../database/unlock.ts";
import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";
import { checkProgram } from "./program-check.ts";

export const command: Command = {
  name: "config check",
  summary: "Checks the configuration and its program, and starts nothing.",
  options: {},
  example: "hatch config check --config ./hatch.config.ts",
  async run(invocation) {
    const { config, databaseUrl, file } = await invocation.loadConfig();
    const { environment, workingDirectory } = invocation;
    const rootKey = findRootKey({ environment, workingDirectory, dataDirectory: config.dataDirectory });
    const server = serverOf(config, databaseUrl);
    if (server) {
      parsePostgresAddress(server);
      refuseWithoutRootKey(rootKey, config.dataDirectory);
    }
    const { program, dataDirectory } = config;
    const doubts = program === undefined || file === undefined ? [] : checkProgram(program, file);
    if (invocation.json) {
      invocation.terminal.out(JSON.stringify({ ok: true, file: file ?? null, dataDirectory, warnings: doubts }));
      return EXIT.done;
    }
    for (const { where, message } of doubts) invocation.terminal.error(`${where}: ${message}`);
    if (doubts.length > 0) {
      invocation.terminal.error("What is not in the file has to be registered where it is published.\n");
    }
    const held = program === undefined ? "" : ", and so is its program";
    invocation.terminal.out(`The configuration is fine (${file ?? "no file"})${held}.`);
    return EXIT.done;
  },
};
