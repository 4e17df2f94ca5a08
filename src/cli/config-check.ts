import { serverOf } from "../app.ts";
import { findRootKey } from "../config/root-key.ts";
import { parsePostgresAddress } from "../database/postgres-address.ts";
import { refuseWithoutRootKey } from "../database/unlock.ts";
import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";

export const command: Command = {
  name: "config check",
  summary: "Checks the configuration and starts nothing.",
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
    invocation.terminal.out(
      invocation.json
        ? JSON.stringify({ ok: true, file: file ?? null, dataDirectory: config.dataDirectory })
        : `The configuration is fine (${file ?? "no file"}).`,
    );
    return EXIT.done;
  },
};
