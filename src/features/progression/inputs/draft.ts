import type { AppError } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Command, Considered, Effect } from "../types.ts";

/** A change of what is known of a member; `null` deletes an attribute. */
export interface MemberChange {
  readonly kind: "member";
  readonly attributes?: JsonObject;
  readonly timezone?: string | null;
  readonly locale?: string | null;
}

/** What an input is known by. Ids of secret keys, of browsers and of commands never meet; of browsers, each member's do not. */
export type InputName =
  | { readonly namespace: "server" | "command"; readonly id: string }
  | { readonly namespace: "browser"; readonly id: string; readonly userId: string };

/** An input on its way into the log: checked, not yet numbered. */
export interface InputDraft {
  readonly kind: "event" | "command";
  /** The caller's id or one that was made. */
  readonly id: string;
  readonly namespace: InputName["namespace"];
  readonly type: string;
  readonly userId: string;
  /** Absent: the time it is received. */
  readonly occurredAt: UnixMs | undefined;
  readonly properties: JsonObject;
  readonly backfill: boolean;
  /** Of what the caller sent: the same id with another hash is a conflict. */
  readonly contentHash: Uint8Array;
  readonly command?: Command | MemberChange;
  /** The event type asks for its events to be sent on. */
  readonly forward: boolean;
  readonly actor: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
}

/** An input as the log keeps it. */
export interface LoggedInput {
  readonly sequence: number;
  readonly kind: "event" | "command" | "tick";
  readonly id: string;
  readonly type: string;
  readonly userId: string;
  readonly occurredAt: UnixMs;
  readonly receivedAt: UnixMs;
  readonly localDate: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly backfill: boolean;
  /** Undefined once the payload was purged. */
  readonly properties: JsonObject | undefined;
  readonly programVersion: number;
  /** Undefined once they were purged. */
  readonly effects: readonly Effect[] | undefined;
  readonly considered: readonly Considered[] | undefined;
}

export type InputOutcome =
  | { readonly kind: "accepted"; readonly input: LoggedInput; readonly memberId: Id<"mem"> }
  /** The same content came before: what it did then. */
  | { readonly kind: "duplicate"; readonly input: LoggedInput }
  /** The id belongs to other content. */
  | { readonly kind: "conflict" }
  | { readonly kind: "refused"; readonly error: AppError };
