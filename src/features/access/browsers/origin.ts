import { validationFailed } from "../../../kernel/errors.ts";
import type { EnvironmentKind } from "../../../kernel/principal.ts";

const LOOPBACK = /^(?:localhost|(?:[a-z0-9-]+\.)+localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** What is wrong with an origin, as a sentence that goes on from its path; undefined where nothing is. */
function faultOfOrigin(text: string, environment: EnvironmentKind): string | undefined {
  const url = URL.parse(text);
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:") || url.hostname.includes("*")) {
    return "must be the whole origin of a page, such as https://app.example.com";
  }
  if (url.origin !== text) return `must be written as browsers send it: ${url.origin}`;
  if (url.protocol === "https:") return undefined;
  if (LOOPBACK.test(url.hostname) && environment === "test") return undefined;
  return LOOPBACK.test(url.hostname)
    ? "must be https: pages of this machine are for the test environment"
    : "must be https";
}

/** @throws AppError `validation_failed` that names each wrong one */
export function assertOrigins(
  origins: readonly (readonly [path: string, origin: string])[],
  environment: EnvironmentKind,
): void {
  const faults = origins.flatMap(([path, origin]) => {
    const message = faultOfOrigin(origin, environment);
    return message === undefined ? [] : [{ path, message }];
  });
  if (faults.length > 0) throw validationFailed(faults);
}
