import { systemClock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { SECOND } from "../kernel/units.ts";
import type { Command, Invocation } from "./command.ts";
import { askRunningServer } from "./control-client.ts";
import { outcomeText, progressText, type ShownRotation } from "./encryption-view.ts";
import { EXIT } from "./exit.ts";
import { perform } from "./perform.ts";

const ASK_EVERY_MS = 250;
const TELL_EVERY_MS = 5 * SECOND;

const shown = (result: JsonObject): ShownRotation => result as unknown as ShownRotation;
const goesOn = ({ state }: ShownRotation): boolean => state === "running" || state === "waiting";

/** Until the server says that it is over. The rotation does not depend on this: whoever stops waiting stops nothing. */
async function follow(invocation: Invocation, begun: JsonObject): Promise<JsonObject> {
  const { config } = await invocation.loadConfig();
  const { terminal } = invocation;
  let result = begun;
  let toldAt = systemClock.monotonic();
  while (goesOn(shown(result))) {
    await systemClock.sleep(ASK_EVERY_MS);
    const answer = await askRunningServer(config.dataDirectory, "encryption.progress", {});
    if (!answer) {
      throw new AppError("unavailable", "The server ended before the rotation did.", {
        hint: "It goes on by itself with the next start. How far it is: hatch encryption status",
      });
    }
    result = answer;
    if (terminal.showsErrors && systemClock.monotonic() - toldAt > TELL_EVERY_MS) {
      terminal.error(progressText(shown(result)));
      toldAt = systemClock.monotonic();
    }
  }
  return result;
}

export const command: Command = {
  name: "encryption rotate",
  summary: "Exchanges the root key while the server runs, and waits until nothing needs the former one.",
  options: {
    "no-wait": { description: "Comes back as soon as it has begun; a running server goes on with it." },
    "leave-damaged": { description: "Ends it though some values open with no key: they are given up." },
  },
  example: "hatch encryption rotate --data ./hatch-data",
  async run(invocation) {
    const begun = await perform(invocation, "encryption.rotate", { leaveDamaged: invocation.yes("leave-damaged") });
    const result = invocation.yes("no-wait") ? begun : await follow(invocation, begun);
    const rotation = shown(result);
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : outcomeText(rotation));
    return rotation.state === "damaged" ? EXIT.failed : EXIT.done;
  },
};
