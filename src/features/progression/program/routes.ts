import { Elysia } from "elysia";
import * as v from "valibot";
import { isKnown, tagOf, tagsOf, unchanged } from "../../../http/etag.ts";
import { callerOf, type Guard } from "../../../http/guard.ts";
import { listQuery, numberBefore, pageOf, parsePage } from "../../../http/pages.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { notFound } from "../../../kernel/errors.ts";
import { NOTE_CHARS_MAX } from "./bounds.ts";
import { compareProgram, comparisonView, versionTag } from "./compare.ts";
import { applyProgram, type Publication, publishDraft, rollBack } from "./publish.ts";
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
const Publish = v.optional(v.strictObject({ note, program: v.optional(Content) }));
const Validate = v.object({ members: v.optional(v.picklist(["true", "false"], "must be true or false")) });
const RollBack = v.strictObject({
  version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  note,
});

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
        const published = await database.read((reader) => findPublished(reader, callerOf(request).environmentId));
        if (!published) throw notFound("A published program");
        const tag = versionTag(published);
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
        const draft = await database.read((reader) => findDraft(reader, callerOf(request).environmentId));
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
        const principal = callerOf(request);
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
      async ({ request, body, query }) => {
        const { environmentId } = callerOf(request);
        const verdict = await database.read(async (reader) =>
          validateProgram(body, await checksFor(room, reader, environmentId)),
        );
        if ("problems" in verdict) return { valid: false, problems: verdict.problems };
        const { content, checksum } = verdict.ok;
        const withMembers = query.members === "true";
        const comparison = await compareProgram(room, { environmentId, content, withMembers });
        return { valid: true, problems: [], checksum, difference: comparisonView(comparison) };
      },
      {
        access: { scope: "program:read" },
        body: Content,
        query: Validate,
        detail: {
          operationId: "validateProgram",
          summary: "Check and compare a program",
          description:
            "Saves nothing. Always 200: `valid` says whether it could be saved, `problems` what is wrong and where, `difference` what publishing it would change.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/program/publish",
      async ({ request, body }) => {
        const principal = callerOf(request);
        const { workspaceId, environmentId } = principal;
        const input = { workspaceId, environmentId, note: body?.note, ifPublished: tagsOf(request, "if-match") };
        const content = body?.program;
        return publicationView(
          content === undefined
            ? await publishDraft(room, principal, input)
            : await applyProgram(room, principal, { ...input, content }),
        );
      },
      {
        access: { scope: "program:write" },
        body: Publish,
        detail: {
          operationId: "publishProgram",
          summary: "Publish the draft",
          description:
            "One atomic switch: every event is decided by exactly one version and says which. With `program` that is saved as the draft and published in the same moment. `unchanged` is true, and there is no new number, where it is what is published already.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/program/rollback",
      async ({ request, body }) => {
        const principal = callerOf(request);
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
          listVersions(reader, callerOf(request).environmentId, {
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
