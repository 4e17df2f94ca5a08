import type { App } from "../app.ts";
import type { Environment } from "../features/access/index.ts";
import { applyProgram, programChecksum, programDifference } from "../features/progression/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { SystemPrincipal } from "../kernel/principal.ts";
import { summaryText } from "./difference-text.ts";
import { asConfigError } from "./program-check.ts";
import { noteFromFile } from "./program-note.ts";

async function publish(app: App, content: JsonObject, { id, kind, workspaceId }: Environment): Promise<void> {
  const { context, progression } = app;
  const principal: SystemPrincipal = {
    kind: "system",
    name: "configuration",
    request: { id: context.ids.next("req") },
  };
  const place = { workspaceId, environmentId: id };
  try {
    await applyProgram(progression.room, principal, { ...place, content, note: noteFromFile() });
  } catch (error) {
    throw asConfigError(error);
  }
  context.log.info("the program of the configuration file was published", { environment: id, kind });
}

/**
 * The program of the configuration file is published where none ever was. Elsewhere people may have published another
 * one since: a difference is told, and left to them.
 * @returns in how many environments it was published now
 */
export async function publishProgramOfFile(app: App): Promise<number> {
  const { context, access, progression } = app;
  const content = context.config.program;
  if (content === undefined) return 0;
  const checksum = programChecksum(content);
  let published = 0;
  for (const environment of await access.listEnvironments()) {
    const { id, kind } = environment;
    const active = await context.database.read((reader) => progression.programs.active(reader, id));
    if (active.version === 0) {
      await publish(app, content, environment);
      published += 1;
    } else if (active.checksum !== checksum) {
      const difference = summaryText(programDifference(active.content, content));
      const told = { environment: id, kind, version: active.version, difference };
      context.log.warn(
        "the program of the configuration file is not the published one: a start leaves it so, `hatch apply` publishes it",
        told,
      );
    }
  }
  return published;
}
