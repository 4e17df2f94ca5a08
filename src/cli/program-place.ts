import type { Program, ProgramDifference } from "../client/index.ts";
import { ConfigError } from "../config/errors.ts";
import { AppError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { EnvironmentKind } from "../kernel/principal.ts";
import type { Invocation } from "./command.ts";
import { type Connection, connect } from "./connection.ts";
import { UsageError } from "./exit.ts";
import { environmentOf } from "./keys-flags.ts";
import { perform } from "./perform.ts";
import { asConfigError } from "./program-check.ts";
import { printable } from "./view.ts";

export interface PublishedVersion {
  readonly version: number;
  readonly checksum: string;
  readonly note: string | null;
}

/** One environment and how it differs from a program: of this machine's installation, or of a server elsewhere. */
export interface ProgramPlace {
  readonly kind: EnvironmentKind;
  /** For people: `live of Acme`, `test at https://hatch.example.com`. */
  readonly title: string;
  readonly difference: ProgramDifference;
  /** Unless another version was published since. */
  publish(note: string): Promise<PublishedVersion>;
  close(): Promise<void>;
}

/** A program and the file that it stands in. */
export interface FileProgram {
  readonly content: JsonObject;
  readonly file: string;
}

interface Compared {
  readonly environment: { readonly id: string; readonly kind: EnvironmentKind; readonly workspace: string };
  readonly difference: ProgramDifference;
}

/** By the running server, or on the database itself where none runs. */
async function placeHere(invocation: Invocation, { content, file }: FileProgram): Promise<ProgramPlace> {
  const wanted = { environment: environmentOf(invocation) ?? "test", workspace: invocation.text("workspace") ?? null };
  try {
    const answer = await perform(invocation, "program.compare", { ...wanted, program: content });
    const { environment, difference } = answer as unknown as Compared;
    const { id, kind, workspace } = environment;
    return {
      kind,
      title: `${kind} of ${printable(workspace)}`,
      difference,
      async publish(note) {
        const input = { environment: id, workspace: null, program: content, note, tag: difference.tag };
        return (await perform(invocation, "program.apply", input)) as unknown as PublishedVersion;
      },
      close: async () => {},
    };
  } catch (error) {
    // The workspace is a matter of the flags, everything else that is not valid stands in the file.
    if (error instanceof AppError && error.details.some(({ path }) => path === "workspace")) throw error;
    throw asConfigError(error, file);
  }
}

/** Counting members takes as long as there are many of them. */
const COUNTING = { timeoutMs: 300_000, retries: 0 };

async function compareElsewhere(
  { client, url }: Connection,
  { content, file }: FileProgram,
): Promise<ProgramDifference> {
  const { problems, difference } = await client.program.validate(content, { members: true }, COUNTING);
  if (problems.length > 0) {
    throw asConfigError(new AppError("validation_failed", "The program is not valid.", { details: problems }), file);
  }
  if (difference) return difference;
  throw new AppError("unavailable", `The server at ${url} can't compare programs: it is older than this command.`);
}

async function placeElsewhere(invocation: Invocation, program: FileProgram): Promise<ProgramPlace> {
  const connection = await connect(invocation, { scopes: ["program:read", "program:write"], name: "hatch apply" });
  const { client, url, environment: kind } = connection;
  if (kind === "live" && environmentOf(invocation) === undefined) {
    throw new UsageError("The key is one of live: say so with --environment live.");
  }
  const difference = await compareElsewhere(connection, program);
  return {
    kind,
    title: `${kind} at ${url}`,
    difference,
    publish: (note) =>
      client.program.publish({
        note,
        // Its shape was checked over there just now.
        program: program.content as unknown as Program,
        ifMatch: difference.tag,
      }),
    close: () => connection.close(),
  };
}

/** @throws ConfigError where the program can't be published there */
export function findProgramPlace(invocation: Invocation, program: FileProgram): Promise<ProgramPlace> {
  const url = invocation.text("url") ?? (invocation.environment.HATCH_URL || undefined);
  return url === undefined ? placeHere(invocation, program) : placeElsewhere(invocation, program);
}

/** The program of the configuration file. @throws ConfigError where there is none */
export async function programOfFile(invocation: Invocation): Promise<FileProgram> {
  const { config, file } = await invocation.loadConfig();
  if (file === undefined) {
    throw new ConfigError(
      [{ where: "program", message: "expected a configuration file, found none" }],
      "Name it with --config, or begin one with `hatch init`.",
    );
  }
  if (config.program === undefined) {
    throw new ConfigError([{ where: `program (${file})`, message: "expected a program, found none" }]);
  }
  return { content: config.program, file };
}
