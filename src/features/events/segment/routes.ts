import { Elysia } from "elysia";
import * as v from "valibot";
import { BATCH_BODY_BYTES_MAX, parseJson } from "../../../http/body.ts";
import { readUnpackedBytes } from "../../../http/body-gzip.ts";
import { callerOf, type FindWriteKey, type Guard } from "../../../http/guard.ts";
import type { EventsRoom } from "../room.ts";
import { MESSAGE_TYPES, type MessageType } from "./message.ts";
import { receiveSegment } from "./receive.ts";

/** More than any library puts together. */
const MESSAGES_MAX = 2_500;

const Batch = v.looseObject({
  batch: v.pipe(v.array(v.unknown()), v.maxLength(MESSAGES_MAX, `must hold at most ${MESSAGES_MAX} messages`)),
});
const Message = v.looseObject({});

/** Libraries disagree on the media type of compressed JSON; nobody sends anything else here. */
async function readBody(request: Request): Promise<unknown> {
  const bytes = await readUnpackedBytes(request, BATCH_BODY_BYTES_MAX);
  return bytes.length === 0 ? undefined : parseJson(bytes);
}

const findWriteKey: FindWriteKey = (body) => {
  const writeKey: unknown = (body as { readonly writeKey?: unknown } | null | undefined)?.writeKey;
  return typeof writeKey === "string" ? writeKey : undefined;
};

const idempotencyKeyOf = ({ headers }: Request): string | undefined => headers.get("idempotency-key") ?? undefined;

const ANSWER = { success: true } as const;
const TAGS = ["Segment"];
const shared = { writeKey: findWriteKey, bodyReader: readBody, ownIds: true, bodyLimit: "batch" } as const;

const SUMMARIES: Readonly<Record<MessageType, string>> = {
  track: "Take an event from a Segment library",
  identify: "Take traits from a Segment library",
  page: "Take a page call and ignore it",
  screen: "Take a screen call and ignore it",
  group: "Take a group call and ignore it",
  alias: "Take an alias call and ignore it",
};

const capital = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

/** The paths of Segment's tracking API, so that its libraries for servers work with another host and key. */
export function createSegmentRoutes(room: EventsRoom, guard: Guard) {
  const app = new Elysia({ name: "segment" }).use(guard);
  for (const path of ["batch", "import"] as const) {
    app.post(
      `/v1/${path}`,
      async ({ request, body }) => {
        const { batch: messages, sentAt } = body;
        await receiveSegment(room, callerOf(request), { messages, sentAt, idempotencyKey: idempotencyKeyOf(request) });
        return ANSWER;
      },
      {
        access: { scope: "events:write" },
        ...shared,
        body: Batch,
        detail: {
          operationId: `segment${capital(path)}`,
          summary: path === "batch" ? "Take a batch from a Segment library" : "Take an import from a Segment library",
          tags: TAGS,
        },
      },
    );
  }
  for (const type of MESSAGE_TYPES) {
    app.post(
      `/v1/${type}`,
      async ({ request, body }) => {
        const messages = [{ ...body, type }];
        const { sentAt } = body;
        await receiveSegment(room, callerOf(request), { messages, sentAt, idempotencyKey: idempotencyKeyOf(request) });
        return ANSWER;
      },
      {
        access: { scope: type === "identify" ? "members:write" : "events:write" },
        ...shared,
        body: Message,
        detail: { operationId: `segment${capital(type)}`, summary: SUMMARIES[type], tags: TAGS },
      },
    );
  }
  return app;
}
