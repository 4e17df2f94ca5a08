import * as v from "valibot";
import type { App } from "../app.ts";
import type { Environment } from "../features/access/index.ts";
import { AppError, notFound, validationFailed } from "../kernel/errors.ts";

const nullable = v.nullable(v.string());

/** Where a command is to do something: the flags `--environment` and `--workspace`. */
export const Place = v.object({ environment: v.string(), workspace: nullable });
export const Places = v.object({ environment: nullable, workspace: nullable });

/** Environments that an id, or a kind and perhaps a workspace, name. */
export async function matchEnvironments(
  app: App,
  { environment, workspace }: v.InferOutput<typeof Places>,
): Promise<readonly Environment[]> {
  return (await app.access.listEnvironments()).filter(
    ({ id, kind, workspaceId, workspaceName }) =>
      (environment === null || environment === id || environment === kind) &&
      (workspace === null || workspace === workspaceId || workspace === workspaceName),
  );
}

export async function findEnvironment(app: App, wanted: v.InferOutput<typeof Place>): Promise<Environment> {
  if (!app.access.isClaimed()) {
    throw new AppError("not_configured", "This installation is not set up yet.", {
      hint: "`hatch setup` makes its first workspace, or the page of the running server.",
    });
  }
  const [found, another] = await matchEnvironments(app, wanted);
  if (!found) throw notFound("The environment");
  if (another) {
    throw validationFailed([
      { path: "workspace", message: "There are several workspaces: name one with --workspace." },
    ]);
  }
  return found;
}
