import { Elysia } from "elysia";
import * as v from "valibot";
import { type Guard, keyOf } from "../../../http/guard.ts";
import { listQuery, numberBefore, pageOf, parsePage } from "../../../http/pages.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { notFound } from "../../../kernel/errors.ts";
import { NOTE_CHARS_MAX } from "./bounds.ts";
import { type Publication, publishDraft, rollBack } from "./publish.ts";
import { checksFor, type ProgramRoom } from "./room.ts";
import { saveDraft } from "./save-draft.ts";
import { findDraft, findPublished, listVersions, type ProgramVersion } from "./store.ts";
import { validateProgram } from "./validate.ts";

const TAGS = ["Program"];

/** Any JSON object: the checks of a program tell of everything that is wrong with it, each with its path. */
const Content = v.custom<object>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be a program, an object",
);

const note = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(NOTE_CHARS_MAX)));
const Publish = v.optional(v.strictObject({ note }));
const RollBack = v.strictObject({
  version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  note,
});

const tagOf = (text: string): string => `"${text}"`;

/** Entity tags of `If-Match` and `If-None-Match`, without their quotes; a weak one names the same. */
function tagsOf(request: Request, header: "if-match" | "if-none-match"): readonly string[] | undefined {
  const text = request.headers.get(header);
  if (text === null) return undefined;
  return text.split(",").map((tag) =>
    tag
      .trim()
      .replace(/^W\//, "")
      .replace(/^"(.*)"$/, "$1"),
  );
}

const isKnown = (request: Request, tag: string): boolean =>
  tagsOf(request, "if-none-match")?.some((known) => known === "*" || known === tag) ?? false;

/** Why the answer has no body: the caller has it. */
const unchanged = (tag: string): Response => new Response(null, { status: 304, headers: { etag: tagOf(tag) } });

const versionView = (version: ProgramVersion) => ({
  id: version.id,
  version: version.version,
  checksum: version.checksum,
  note: version.note ?? null,
  publishedBy: version.publishedBy,
  publishedAt: isoTime(version.publishedAt),
});

const publicationView = ({ program, isNew }: Publication) => ({ ...versionView(program), unchanged: !isNew });

export const createProgramRoutes = (room: ProgramRoom, guard: Guard) => {
  const { database } = room.context;
  return new Elysia({ name: "program" })
    .use(guard)
    .get(
      "/v1/program",
      async ({ request, set }) => {
        const published = await database.read((reader) => findPublished(reader, keyOf(request).environmentId));
        if (!published) throw notFound("A published program");
        const tag = `${published.version}-${published.checksum}`;
        if (isKnown(request, tag)) return unchanged(tag);
        set.headers.etag = tagOf(tag);
        return { ...versionView(published), program: published.content };
      },
      {
        access: { scope: "program:read" },
        detail: {
          operationId: "getProgram",
          summary: "The published program",
          description: "With its version. Send the `ETag` back as `If-None-Match` to be told 304 while it holds.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/program/draft",
      async ({ request, set }) => {
        const draft = await database.read((reader) => findDraft(reader, keyOf(request).environmentId));
        if (!draft) throw notFound("A draft");
        if (isKnown(request, draft.checksum)) return unchanged(draft.checksum);
        set.headers.etag = tagOf(draft.checksum);
        return draft.content;
      },
      {
        access: { scope: "program:read" },
        detail: {
          operationId: "getProgramDraft",
          summary: "The draft",
          description:
            "The body is the program as it was saved; its `ETag` goes into `If-Match` when it is saved again.",
          tags: TAGS,
        },
      },
    )
    .put(
      "/v1/program/draft",
      async ({ request, body, set }) => {
        const principal = keyOf(request);
        const ifMatch = tagsOf(request, "if-match");
        const { workspaceId, environmentId } = principal;
        const draft = await saveDraft(room, principal, {
          workspaceId,
          environmentId,
          content: body,
          ...(ifMatch ? { ifMatch } : {}),
        });
        set.headers.etag = tagOf(draft.checksum);
        return draft.content;
      },
      {
        access: { scope: "program:write" },
        body: Content,
        detail: {
          operationId: "putProgramDraft",
          summary: "Save the draft",
          description:
            "The body is the program. It is checked in full, expressions and all, and kept only if it can be published as it stands. `If-Match` is optional and honoured: 412 where the draft has changed.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/program/validate",
      async ({ request, body }) => {
        const { environmentId } = keyOf(request);
        const verdict = await database.read(async (reader) =>
          validateProgram(body, await checksFor(room, reader, environmentId)),
        );
        return "problems" in verdict
          ? { valid: false, problems: verdict.problems }
          : { valid: true, problems: [], checksum: verdict.ok.checksum };
      },
      {
        access: { scope: "program:read" },
        body: Content,
        detail: {
          operationId: "validateProgram",
          summary: "Check a program",
          description:
            "Saves nothing. Always 200: `valid` says whether it could be saved, `problems` what is wrong and where.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/program/publish",
      async ({ request, body }) => {
        const principal = keyOf(request);
        const { workspaceId, environmentId } = principal;
        return publicationView(await publishDraft(room, principal, { workspaceId, environmentId, note: body?.note }));
      },
      {
        access: { scope: "program:write" },
        body: Publish,
        detail: {
          operationId: "publishProgram",
          summary: "Publish the draft",
          description:
            "One atomic switch: every event is decided by exactly one version and says which. `unchanged` is true, and there is no new number, where the draft is what is published already.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/program/rollback",
      async ({ request, body }) => {
        const principal = keyOf(request);
        const { workspaceId, environmentId } = principal;
        return publicationView(await rollBack(room, principal, { workspaceId, environmentId, ...body }));
      },
      {
        access: { scope: "program:write" },
        body: RollBack,
        detail: {
          operationId: "rollBackProgram",
          summary: "Go back to an earlier version",
          description: "Publishes its content under a new number. What was earned meanwhile stays; so does the draft.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/program/versions",
      async ({ request, query }) => {
        const { limit, after } = parsePage(query);
        const before = numberBefore(after);
        const rows = await database.read((reader) =>
          listVersions(reader, keyOf(request).environmentId, {
            before,
            limit: limit + 1,
          }),
        );
        return pageOf(rows, limit, (row) => row.version, versionView);
      },
      {
        access: { scope: "program:read" },
        query: v.object(listQuery),
        detail: { operationId: "listProgramVersions", summary: "List published versions, newest first", tags: TAGS },
      },
    );
};
