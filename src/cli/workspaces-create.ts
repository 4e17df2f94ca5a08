import { performOnPeople } from "./accounts-flags.ts";
import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";

export const command: Command = {
  name: "workspaces create",
  summary: "Makes a workspace and invites its owner.",
  options: {
    name: { value: "NAME", description: "The company or application whose events come in." },
    owner: { value: "EMAIL", description: "Who is to own it." },
  },
  positional: "name",
  example: 'hatch workspaces create "Riverside School" --owner ada@example.com',
  async run(invocation) {
    const result = await performOnPeople(invocation, "workspaces.create", {
      name: invocation.required("name"),
      owner: invocation.required("owner"),
    });
    const invited =
      result.invitationLink === null
        ? [`${result.owner} gets a mail with an invitation.`]
        : [
            "No mail server is set. Hand this link over; it works once, for seven days:",
            "",
            `  ${result.invitationLink}`,
          ];
    const text = [`${result.name} is ${result.id}.`, ...invited].join("\n");
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : text);
    return EXIT.done;
  },
};
