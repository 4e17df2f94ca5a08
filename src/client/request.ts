import { fraction, makeId } from "./chance.ts";
import { HatchError, type HatchErrorCode, type HatchErrorDetail } from "./error.ts";
import { backoffMs, mayRetry, RETRY_AFTER_MAX_MS } from "./retry.ts";
import { startDeadline, untilHttpDate } from "./time.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What the client asks of a `fetch`. */
export interface FetchInit {
  readonly method: Method;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly redirect: "manual";
}
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

/** What any single call may be told. */
export interface CallOptions {
  /** Ends the call and its waiting; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Of each try. */
  readonly timeoutMs?: number | undefined;
  /** Tries after the first one; 0 for none. */
  readonly retries?: number | undefined;
  /** The name of a write that is not an event. One is made, and kept over the retries, if it is left out. */
  readonly idempotencyKey?: string | undefined;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Call {
  readonly method: Method;
  /** From the root of the server, percent-encoded. */
  readonly path: string;
  readonly query?: Query | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  readonly options?: CallOptions | undefined;
  /** How long the server itself may wait before it answers. */
  readonly waitMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Read as JSON; undefined where there is none. */
  readonly body: unknown;
}

export interface Transport {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string;
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly retries: number;
  /** Between two tries; rejects with the signal's reason when that is aborted. */
  readonly sleep: (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;
}

interface Failure {
  readonly error: HatchError;
  readonly retry: boolean;
  readonly retryAfterMs: number;
}

function addressOf({ url }: Transport, { path, query }: Call): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(name, `${value}`);
  const text = parameters.toString();
  return text === "" ? `${url}${path}` : `${url}${path}?${text}`;
}

function headersOf({ key }: Transport, { method, body, headers, options }: Call): Record<string, string> {
  const written: Record<string, string> = { accept: "application/json", authorization: `Bearer ${key}` };
  if (body !== undefined) written["content-type"] = "application/json";
  if (method !== "GET") written["idempotency-key"] = options?.idempotencyKey ?? makeId();
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value === undefined) delete written[name.toLowerCase()];
    else written[name.toLowerCase()] = value;
  }
  return written;
}

function retryAfterOf(headers: Headers): number {
  const text = headers.get("retry-after") ?? "";
  return (/^\d{1,9}$/.test(text) ? Number(text) * 1000 : untilHttpDate(text)) ?? 0;
}

interface WrittenError {
  readonly code?: HatchErrorCode;
  readonly message?: string;
  readonly requestId?: string;
  readonly details?: readonly HatchErrorDetail[];
}

function readJson(text: string): { readonly body: unknown } | undefined {
  try {
    return { body: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function refusalOf({ status, headers }: Response, body: unknown): Failure {
  const written = ((body as { readonly error?: WrittenError } | null)?.error ?? {}) as WrittenError;
  const code = written.code ?? "unexpected_answer";
  const retryAfterMs = retryAfterOf(headers);
  const patient = retryAfterMs <= RETRY_AFTER_MAX_MS;
  // The try before this one is still at work over there: its answer is the one that is wanted.
  const isTwin = status === 409 && retryAfterMs > 0;
  const error = new HatchError(written.message ?? `The server answered ${status}.`, {
    status,
    code,
    requestId: written.requestId ?? headers.get("x-request-id") ?? undefined,
    details: written.details,
    retryAfterSeconds: retryAfterMs === 0 ? undefined : Math.ceil(retryAfterMs / 1000),
  });
  return { error, retry: patient && (isTwin || mayRetry(status, code)), retryAfterMs };
}

async function readAnswer(response: Response): Promise<Answer | Failure> {
  const { status, headers } = response;
  const text = await response.text();
  const json = text === "" ? { body: undefined } : readJson(text);
  if (status === 304) return { status, headers, body: undefined };
  if (!response.ok) return refusalOf(response, json?.body);
  if (json) return { status, headers, body: json.body };
  const error = new HatchError("The answer is not JSON: is this the address of a Hatch server?", {
    status,
    code: "unexpected_answer",
    requestId: headers.get("x-request-id") ?? undefined,
  });
  return { error, retry: false, retryAfterMs: 0 };
}

/** One try. Throws only what the caller's own signal says. */
async function attempt(transport: Transport, call: Call, headers: Record<string, string>): Promise<Answer | Failure> {
  const { signal, timeoutMs = transport.timeoutMs } = call.options ?? {};
  const deadline = startDeadline(timeoutMs + (call.waitMs ?? 0), signal);
  try {
    const response = await transport.fetch(addressOf(transport, call), {
      method: call.method,
      headers: { ...headers },
      signal: deadline.signal,
      redirect: "manual",
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
    return await readAnswer(response);
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    const error = deadline.passed()
      ? new HatchError(`No answer within ${timeoutMs} ms.`, { status: 0, code: "timeout", cause })
      : new HatchError("The server could not be reached.", { status: 0, code: "network", cause });
    return { error, retry: true, retryAfterMs: 0 };
  } finally {
    deadline.end();
  }
}

/** Calls until it succeeds, is refused for good, or its retries are used up. Every try carries the same ids. */
export async function request(transport: Transport, call: Call): Promise<Answer> {
  const { signal, retries = transport.retries } = call.options ?? {};
  const headers = headersOf(transport, call);
  for (let failures = 1; ; failures += 1) {
    const outcome = await attempt(transport, call, headers);
    if (!("error" in outcome)) return outcome;
    if (!outcome.retry || failures > retries) throw outcome.error;
    await transport.sleep(Math.max(outcome.retryAfterMs, backoffMs(failures, fraction())), signal);
  }
}
