import type { SigningSecret } from "../../features/webhooks/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { Mistake } from "./mistakes.ts";
import { sampleBody } from "./sample.ts";
import { type Answer, type Line, post } from "./send.ts";
import { type Family, type Format, type Headers, type Message, signed, signingSecretOf } from "./signatures.ts";

/** A receiver that lets this many requests run out of time is not worth waiting for any longer. */
const LATE_MAX = 3;

/** Whose headers decide, where both families are sent. */
export type Decides = Family | "either" | "both";

export interface ExaminerOptions {
  readonly line: Omit<Line, "secret">;
  readonly secret: string;
  /** A secret that the receiver can't know. */
  readonly otherSecret: string;
  readonly format: Format;
  /** The person's own body; a sample of ours if there is none. */
  readonly body: JsonObject | undefined;
  readonly ids: Ids;
}

/** What stands across from the receiver: makes deliveries, sends them, and keeps count of what came back. */
export class Examiner {
  readonly secret: string;
  readonly format: Format;
  readonly mine: SigningSecret;
  readonly other: SigningSecret;
  readonly timeoutMs: number;
  /** The delivery that was accepted first. */
  accepted: Message | undefined;
  decides: Decides | undefined;
  /** A wrong signature was accepted: what else is accepted follows from that. */
  isUnchecked = false;
  /** A timestamp of long ago was accepted. */
  isTimeless = false;
  /** What it does wrong with a list of signatures. */
  ofTheList: Mistake | undefined;
  slowestMs = 0;
  readonly #line: Line;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #ownBody: JsonObject | undefined;
  #late = 0;
  #isAbsent = false;

  constructor({ line, secret, otherSecret, format, body, ids }: ExaminerOptions) {
    this.secret = secret;
    this.format = format;
    this.mine = signingSecretOf(secret);
    this.other = signingSecretOf(otherSecret);
    this.timeoutMs = line.timeoutMs;
    this.#line = { ...line, secret };
    this.#clock = line.clock;
    this.#ids = ids;
    this.#ownBody = body;
  }

  get families(): readonly Family[] {
    return this.format === "both" ? ["hatch", "standard"] : [this.format];
  }

  elapsedMs(): number {
    return this.#clock.monotonic();
  }

  get hasOwnBody(): boolean {
    return this.#ownBody !== undefined;
  }

  /** Why nothing more can be learnt; undefined while it can. */
  get standstill(): string | undefined {
    if (this.#isAbsent) return "Nothing answers at this address any more.";
    return this.#late >= LATE_MAX ? `It let ${LATE_MAX} requests run out of time.` : undefined;
  }

  /** What the receiver is to parse. */
  value(text: "plain" | "far" = "plain"): JsonObject {
    return this.#ownBody ?? sampleBody(this.format, this.#ids.next("evt"), this.#clock.now(), text);
  }

  /** A delivery that was never sent before. @param ageSeconds below 0: from the future */
  delivery({ body, ageSeconds = 0 }: { readonly body?: string; readonly ageSeconds?: number } = {}): Message {
    const text = body ?? JSON.stringify(this.value());
    const { event } = JSON.parse(text) as { readonly event?: unknown };
    return {
      event: typeof event === "string" ? event : "receiver.check",
      deliveryId: this.#ids.next("dlv"),
      attempt: 1,
      timestamp: Math.floor(this.#clock.now() / 1000) - ageSeconds,
      body: text,
    };
  }

  /** The same delivery once more, as a later attempt sends it. */
  again(message: Message): Message {
    return { ...message, attempt: message.attempt + 1, timestamp: Math.floor(this.#clock.now() / 1000) };
  }

  right(message: Message): Record<string, string> {
    return signed(message, [this.mine], { format: this.format });
  }

  wrong(message: Message): Record<string, string> {
    return signed(message, [this.other], { format: this.format });
  }

  async send(headers: Headers, body: string): Promise<Answer> {
    const answer = await post(this.#line, headers, body);
    if (answer.kind === "unanswered") {
      if (answer.why === "late") this.#late += 1;
      if (answer.why === "absent" || answer.why === "untrusted") this.#isAbsent = true;
    } else if (answer.status < 300) {
      this.slowestMs = Math.max(this.slowestMs, answer.tookMs);
    }
    return answer;
  }

  /** A whole delivery, rightly signed. */
  sendRight(message: Message): Promise<Answer> {
    return this.send(this.right(message), message.body);
  }
}
