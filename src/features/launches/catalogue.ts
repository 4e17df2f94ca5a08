import type { OutboundEventType } from "../../kernel/catalogue.ts";
import type { JsonObject } from "../../kernel/json.ts";

const UUID: JsonObject = { type: "string", format: "uuid" };
const TIME: JsonObject = { type: "string", format: "date-time" };
const ADDRESS: JsonObject = { type: "string", pattern: "^0x[0-9a-fA-F]{40}$" };
const HASH: JsonObject = { type: "string", pattern: "^0x[0-9a-f]{64}$" };

const SCORE_REQUEST = "01937a2e-5b1c-7d3e-8f40-1a2b3c4d5e6f";
const TOKEN = "0x3f5ce5fbfe3e9af3971dd833d26ba9b5c936f0be";
const TRANSACTION = "0x8c1f0d2b7a6e5948372615f4e3d2c1b0a99887766554433221100ffeeddccbba";

interface Draft {
  readonly name: string;
  readonly description: string;
  readonly fields: JsonObject;
  readonly example: JsonObject;
}

/** Their producers are the launch programme's own issue; names and shapes are the origin document's. */
const launch = ({ name, description, fields, example }: Draft): OutboundEventType => ({
  name,
  family: "launch",
  description,
  schema: { type: "object", required: Object.keys(fields), properties: fields },
  example,
  planned: true,
});

export const LAUNCH_EVENTS: readonly OutboundEventType[] = [
  launch({
    name: "score.created",
    description: "A scoring request completes (any band, any stub state).",
    fields: {
      scoreId: UUID,
      aggregate: { type: "integer", minimum: 0, maximum: 100 },
      band: { enum: ["green", "amber", "red"] },
      hasStubs: { type: "boolean" },
      contractAddress: ADDRESS,
      createdAt: TIME,
    },
    example: {
      scoreId: "01937a2e-4a0b-7c2d-9e3f-0a1b2c3d4e5f",
      aggregate: 67,
      band: "amber",
      hasStubs: true,
      contractAddress: TOKEN,
      createdAt: "2026-04-18T12:34:56Z",
    },
  }),
  launch({
    name: "score.failed",
    description: "A scoring request ends without a score: none of its signals had an answer.",
    fields: { scoreId: UUID, contractAddress: ADDRESS, reason: { type: "string" }, failedAt: TIME },
    example: {
      scoreId: "01937a2e-4a0b-7c2d-9e3f-0a1b2c3d4e5f",
      contractAddress: TOKEN,
      reason: "every signal is a stub",
      failedAt: "2026-04-18T12:34:56Z",
    },
  }),
  launch({
    name: "enrollment.created",
    description: "A creator signs enrollment.",
    fields: {
      enrollmentId: UUID,
      scoreRequestId: UUID,
      creatorAddress: ADDRESS,
      scheduledFor: { type: ["string", "null"], format: "date-time" },
      enrolledAt: TIME,
    },
    example: {
      enrollmentId: "01937a2f-1c2d-7e3f-a041-2b3c4d5e6f70",
      scoreRequestId: SCORE_REQUEST,
      creatorAddress: "0x9c2f1b7d0e5a4c3b8f6d1a2e7c9b0d4f5e6a7b8c",
      scheduledFor: "2026-04-20T15:00:00Z",
      enrolledAt: "2026-04-18T12:34:56Z",
    },
  }),
  launch({
    name: "attestation.published",
    description: "An attestation lands on-chain.",
    fields: {
      attestationId: HASH,
      scoreRequestId: UUID,
      subject: ADDRESS,
      schemaId: { const: "hatch.score.v1" },
      digest: HASH,
      txHash: HASH,
      chainId: { type: "integer", minimum: 1 },
    },
    example: {
      attestationId: "0x1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f809",
      scoreRequestId: SCORE_REQUEST,
      subject: TOKEN,
      schemaId: "hatch.score.v1",
      digest: "0x5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c",
      txHash: TRANSACTION,
      chainId: 56,
    },
  }),
  launch({
    name: "launch.scheduled",
    description: "A scheduled launch time is set or edited.",
    fields: { scoreRequestId: UUID, scheduledFor: TIME, updatedAt: TIME },
    example: {
      scoreRequestId: SCORE_REQUEST,
      scheduledFor: "2026-04-20T15:00:00Z",
      updatedAt: "2026-04-18T12:34:56Z",
    },
  }),
  launch({
    name: "launch.reminder",
    description: "A launch begins in 60 or 10 minutes, or now; each reminder is sent once.",
    fields: { scoreRequestId: UUID, scheduledFor: TIME, minutesBefore: { enum: [60, 10, 0] } },
    example: { scoreRequestId: SCORE_REQUEST, scheduledFor: "2026-04-20T15:00:00Z", minutesBefore: 60 },
  }),
  launch({
    name: "hatching.started",
    description: "The launch platform reports that hatching has started.",
    fields: { scoreRequestId: UUID, contractAddress: ADDRESS, startedAt: TIME },
    example: { scoreRequestId: SCORE_REQUEST, contractAddress: TOKEN, startedAt: "2026-04-20T15:00:00Z" },
  }),
  launch({
    name: "graduation.occurred",
    description: "The launch platform reports that a token has graduated.",
    fields: { scoreRequestId: UUID, contractAddress: ADDRESS, txHash: HASH, occurredAt: TIME },
    example: {
      scoreRequestId: SCORE_REQUEST,
      contractAddress: TOKEN,
      txHash: TRANSACTION,
      occurredAt: "2026-04-22T09:30:00Z",
    },
  }),
  launch({
    name: "fee.captured",
    description: "The launch platform reports that a fee was captured.",
    fields: {
      scoreRequestId: UUID,
      contractAddress: ADDRESS,
      amount: {
        type: "string",
        pattern: "^[0-9]{1,78}$",
        description: "In the chain's smallest unit, which does not fit a JSON number.",
      },
      txHash: HASH,
      capturedAt: TIME,
    },
    example: {
      scoreRequestId: SCORE_REQUEST,
      contractAddress: TOKEN,
      amount: "250000000000000000",
      txHash: TRANSACTION,
      capturedAt: "2026-04-22T09:31:12Z",
    },
  }),
];
