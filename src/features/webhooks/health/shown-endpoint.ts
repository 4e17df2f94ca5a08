/** Long, or of letters and digits in a mix: what services put into an address as its secret. */
const LOOKS_SECRET = /^(?:.{33,}|[A-Za-z0-9]{20,}|(?=.*\d)(?=.*[A-Za-z])[\w~.-]{12,}|(?=.*[A-Z])(?=.*\d)[\w~.-]{8,})$/;

/**
 * An endpoint as it is named to people who did not make it, in mails and on pages: host and path, without a query, and
 * without the parts of the path that may be a secret. `null` is a pull subscription.
 */
export function shownEndpoint(endpoint: string | null): string {
  if (endpoint === null) return "pull";
  if (!URL.canParse(endpoint)) return "an address that can't be read";
  const { host, pathname } = new URL(endpoint);
  const steps = pathname.split("/").map((step) => (LOOKS_SECRET.test(step) ? "…" : step));
  return `${host}${steps.join("/").replace(/\/+$/, "")}`;
}

/** As events tell of it: whole but for a query, where receivers often have a credential. */
export function toldEndpoint(endpoint: string | null | undefined): string | null {
  if (endpoint === null || endpoint === undefined || !URL.canParse(endpoint)) return endpoint ?? null;
  const end = endpoint.search(/[?#]/);
  return end < 0 ? endpoint : endpoint.slice(0, end);
}

export const hostOf = (endpoint: string | null): string =>
  endpoint !== null && URL.canParse(endpoint) ? new URL(endpoint).host : "pull";
