import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";
import { perform } from "./perform.ts";

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly people: number;
  readonly owners: number;
}

const line = ({ id, name, status, people, owners }: Listed): string =>
  [id, status.padEnd(9), `${people} people, ${owners} owners`.padEnd(22), name].join("  ");

export const command: Command = {
  name: "workspaces list",
  summary: "Lists workspaces, newest first.",
  options: {},
  example: "hatch workspaces list",
  async run(invocation) {
    const result = await perform(invocation, "workspaces.list", {});
    const workspaces = result.workspaces as unknown as readonly Listed[];
    const text = workspaces.length === 0 ? "There are no workspaces." : workspaces.map(line).join("\n");
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : text);
    return EXIT.done;
  },
};
