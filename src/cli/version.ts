import { BUILD } from "../config/build.ts";
import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";

export const command: Command = {
  name: "version",
  summary: "Shows the version and what it was built from.",
  options: {},
  example: "hatch version --json",
  async run({ terminal, json }) {
    const lines = `hatch ${BUILD.version}\ncommit   ${BUILD.commit}\nbun      ${BUILD.bun}\nlockfile ${BUILD.lockfile}`;
    terminal.out(json ? JSON.stringify(BUILD) : lines);
    return EXIT.done;
  },
};
