import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";
import { ENVIRONMENT_OPTIONS, environmentOf, performOnKeys, scopesOf } from "./keys-flags.ts";

export const command: Command = {
  name: "keys create",
  summary: "Makes a secret API key and shows it once.",
  options: {
    name: { value: "NAME", description: "What the key is for." },
    ...ENVIRONMENT_OPTIONS,
    scope: { value: "SCOPES", multiple: true, description: "What it may do, by comma; all if not given." },
    expires: { value: "DURATION", description: 'When it ends by itself, e.g. "90d"; never if not given.' },
  },
  example: "hatch keys create --environment live --name backend --scope events:write,events:read --expires 365d",
  async run(invocation) {
    const result = await performOnKeys(invocation, "keys.create", {
      name: invocation.required("name"),
      environment: environmentOf(invocation) ?? invocation.required("environment"),
      workspace: invocation.text("workspace") ?? null,
      scopes: scopesOf(invocation),
      expires: invocation.text("expires") ?? null,
    });
    invocation.terminal.out(
      invocation.json ? JSON.stringify(result) : `${result.secretKey}\n\n${result.id}; its secret is shown this once.`,
    );
    return EXIT.done;
  },
};
