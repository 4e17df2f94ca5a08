/** What the command line may say of a request besides its address. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
  /** False: on a connection of its own. */
  readonly keepalive?: boolean;
}

/**
 * Calls an address that the person at the command line named, and nothing else: redirects are not followed, proxies of
 * the environment are not obeyed, certificates are always checked.
 */
export const callAddress = (
  url: string,
  { method, headers, body, signal, keepalive = true }: Call,
): Promise<Response> =>
  fetch(url, {
    method,
    headers: { ...headers },
    signal,
    keepalive,
    redirect: "manual",
    proxy: false,
    verbose: false,
    tls: { rejectUnauthorized: true },
    ...(body === undefined ? {} : { body }),
  } as RequestInit);
