import * as v from "valibot";
import type { App } from "../app.ts";
import type { Environment } from "../features/access/index.ts";
import { applyProgram, checkAndCompareProgram, comparisonView } from "../features/progression/index.ts";
import { parseInput } from "../http/validate.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { OperatorPrincipal } from "../kernel/principal.ts";
import { findEnvironment, Place } from "./find-environment.ts";

const Content = v.custom<JsonObject>((value) => typeof value === "object" && value !== null, "must be a program");
const CompareInput = v.object({ ...Place.entries, program: Content });
const ApplyInput = v.object({ ...CompareInput.entries, note: v.string(), tag: v.string() });

const placeView = ({ id, kind, workspaceName }: Environment): JsonObject => ({ id, kind, workspace: workspaceName });

/** What publishing a program would change, and whom it concerns. */
export async function compareOperation(
  app: App,
  _principal: OperatorPrincipal,
  input: JsonObject,
): Promise<JsonObject> {
  const { program, ...wanted } = parseInput(CompareInput, input);
  const environment = await findEnvironment(app, wanted);
  const comparison = await checkAndCompareProgram(app.progression.room, {
    environmentId: environment.id,
    content: program,
    withMembers: true,
  });
  // Its fields are JSON; that some of them may be left out is more than the type of an answer can say.
  return { environment: placeView(environment), difference: comparisonView(comparison) as unknown as JsonObject };
}

/** Publishes it, unless another version was published since the comparison that `tag` is of. */
export async function applyOperation(app: App, principal: OperatorPrincipal, input: JsonObject): Promise<JsonObject> {
  const { program: content, note, tag, ...wanted } = parseInput(ApplyInput, input);
  const { id: environmentId, workspaceId } = await findEnvironment(app, wanted);
  const place = { workspaceId, environmentId };
  const { program } = await applyProgram(app.progression.room, principal, {
    ...place,
    content,
    note,
    ifPublished: [tag],
  });
  return { version: program.version, checksum: program.checksum, note: program.note ?? null };
}
