import { serverOf } from "../app.ts";
import { hasInstallation } from "../database/open.ts";
import { AppError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Invocation } from "./command.ts";
import { askRunningServer } from "./control-client.ts";
import { logForPerson, openApp } from "./open-app.ts";
import { OPERATIONS, type OperationName, operatorOf } from "./operations.ts";

/** Operations that begin an installation; all others need one. */
const BEGINNING: ReadonlySet<OperationName> = new Set(["setup"]);

/**
 * Has the running server do it, or where none runs does it here, on the database itself: one process writes, and the
 * same code runs in either.
 */
export async function perform(invocation: Invocation, name: OperationName, input: JsonObject): Promise<JsonObject> {
  const installation = await invocation.loadConfig();
  const { config, databaseUrl } = installation;
  const answered = await askRunningServer(config.dataDirectory, name, input);
  if (answered) return answered;
  if (!BEGINNING.has(name) && !(await hasInstallation(config.dataDirectory, serverOf(config, databaseUrl)))) {
    const place = databaseUrl === undefined ? config.dataDirectory : "that database";
    throw new AppError("not_found", `There is no installation in ${place}.`, {
      hint: "Name its folder with --data or its database with --database, or begin one with `hatch setup` or `hatch serve`.",
    });
  }
  const app = await openApp(invocation, installation, logForPerson(invocation, installation));
  try {
    return await OPERATIONS[name](app, operatorOf(app), input);
  } finally {
    await app.stop(app.context.clock.timeout(0));
  }
}
