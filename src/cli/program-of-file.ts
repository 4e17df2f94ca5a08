import type { App } from "../app.ts";
import { ConfigError } from "../config/errors.ts";
import type { Environment } from "../features/access/index.ts";
import { applyProgram, programChecksum } from "../features/progression/index.ts";
import { AppError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { SystemPrincipal } from "../kernel/principal.ts";

/** What is wrong in it is told as a fault of the configuration: a start with half of what was written is none. */
function asConfigError(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== "validation_failed") return error;
  const problems = error.details.map(({ path, message }) => ({
    where: path === "" ? "program" : `program.${path}`,
    message,
  }));
  return new ConfigError(problems);
}

async function publish(app: App, content: JsonObject, { id, kind, workspaceId }: Environment): Promise<void> {
  const { context, progression } = app;
  const principal: SystemPrincipal = {
    kind: "system",
    name: "configuration",
    request: { id: context.ids.next("req") },
  };
  const place = { workspaceId, environmentId: id };
  try {
    await applyProgram(progression.room, principal, { ...place, content, note: "From the configuration file." });
  } catch (error) {
    throw asConfigError(error);
  }
  context.log.info("the program of the configuration file was published", { environment: id, kind });
}

/**
 * The program of the configuration file is published where none ever was. Elsewhere people may have published another
 * one since: a difference is told, and left to them.
 */
export async function publishProgramOfFile(app: App): Promise<void> {
  const { context, access, progression } = app;
  const content = context.config.program;
  if (content === undefined) return;
  const checksum = programChecksum(content);
  for (const environment of await access.listEnvironments()) {
    const { id, kind } = environment;
    const active = await context.database.read((reader) => progression.programs.active(reader, id));
    if (active.version === 0) await publish(app, content, environment);
    else if (active.checksum !== checksum) {
      const told = { environment: id, kind, version: active.version };
      context.log.warn("the program of the configuration file is not the published one; a start leaves it so", told);
    }
  }
}
