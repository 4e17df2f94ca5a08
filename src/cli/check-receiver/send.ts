import type { Clock } from "../../kernel/clock.ts";
import { readBriefly } from "../../outbound/answer.ts";
import { Deadline } from "../../outbound/deadline.ts";
import { describeFailure, isOfKeptConnection } from "../../outbound/failures.ts";
import { callAddress } from "../outgoing.ts";
import type { Headers } from "./signatures.ts";

const EXCERPT_CHARACTERS_MAX = 200;
/** Shorter ones are no secrets, and may be a part of any word. */
const SECRET_CHARACTERS_MIN = 8;

export interface Answered {
  readonly kind: "answered";
  readonly status: number;
  readonly location: string | undefined;
  /** The beginning of the body, fit for a terminal. */
  readonly excerpt: string;
  readonly tookMs: number;
}

/** Nobody was there; it is not believed to be who it says; it hung up; what it says is not HTTP; it was too slow. */
export type Silence = "absent" | "untrusted" | "broken" | "garbled" | "late";

export interface Unanswered {
  readonly kind: "unanswered";
  readonly why: Silence;
  readonly message: string;
  readonly tookMs: number;
}

export type Answer = Answered | Unanswered;

export const isAccepted = (answer: Answer): boolean =>
  answer.kind === "answered" && answer.status >= 200 && answer.status <= 299;

export interface Line {
  readonly url: string;
  /** A receiver may answer it, and what it answers is shown. */
  readonly secret: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly userAgent: string;
}

/** Whoever answers chooses this text: what could steer a terminal is left out, and so is the secret. */
function printable(text: string, secret: string): string {
  const hidden = secret.length < SECRET_CHARACTERS_MIN ? [] : [secret, encodeURIComponent(secret)];
  return hidden
    .reduce((rest, each) => rest.replaceAll(each, "…"), text)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()
    .slice(0, EXCERPT_CHARACTERS_MAX);
}

function silenceOf(error: unknown): Pick<Unanswered, "why" | "message"> {
  // Names of endpoints are looked up elsewhere before anything is sent: here fetch does it.
  if ((error as { readonly code?: unknown }).code === "ENOTFOUND") {
    return { why: "absent", message: "There is no host of this name." };
  }
  const { failure, message } = describeFailure(error);
  if (failure === "tls") return { why: "untrusted", message };
  if (failure === "protocol") return { why: "garbled", message };
  return { why: isOfKeptConnection(error) ? "broken" : "absent", message };
}

/** One POST on a connection of its own, so that no answer depends on the one before. Never throws. */
export async function post(line: Line, headers: Headers, body: string): Promise<Answer> {
  const start = line.clock.monotonic();
  const took = (): number => Math.round(line.clock.monotonic() - start);
  const deadline = new Deadline(line.clock, line.timeoutMs, undefined);
  try {
    const response = await callAddress(line.url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "User-Agent": line.userAgent,
        "Accept-Encoding": "identity",
        ...headers,
      },
      body,
      signal: deadline.signal,
      keepalive: false,
    });
    const tookMs = took();
    const location = response.headers.get("location");
    return {
      kind: "answered",
      status: response.status,
      location: location === null ? undefined : printable(location, line.secret),
      excerpt: printable(new TextDecoder().decode(await readBriefly(response, deadline)), line.secret),
      tookMs,
    };
  } catch (error) {
    const seconds = line.timeoutMs / 1000;
    if (deadline.reason) {
      return { kind: "unanswered", why: "late", message: `No answer in ${seconds} s.`, tookMs: took() };
    }
    return { kind: "unanswered", ...silenceOf(error), tookMs: took() };
  } finally {
    deadline.done();
  }
}
