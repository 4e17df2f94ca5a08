import type { PresetSetting } from "./presets/preset.ts";

/*
 * Some receivers know a sender by nothing but the address that it sends to: who has that, may post there. Such an address
 * is sealed, and what people, logs and events see of it is masked.
 */

const MASK = "***";
/** Receivers whose addresses are credentials, also without a preset. */
const KNOWN_HOSTS =
  /^(?:hooks\.slack\.com|(?:[a-z]+\.)?discord(?:app)?\.com|api\.telegram\.org|(?:[a-z0-9-]+\.)*webhook\.office\.com|hooks\.zapier\.com|chat\.googleapis\.com|maker\.ifttt\.com)$/i;
/** The first parts of a path that everybody knows. */
const COMMON_PARTS = new Set(["api", "services", "workflows", "triggers", "webhooks", "webhookb2", "hooks", "v1"]);
/** A shorter part of a path is a word and no secret. */
const SECRET_CHARACTERS_MIN = 8;

export const isSecretEndpoint = (endpoint: string, preset: PresetSetting | undefined): boolean =>
  preset !== undefined || KNOWN_HOSTS.test(new URL(endpoint).hostname);

/** Whether an address is one that was masked here: nothing can be sent to it. */
export const isMasked = (endpoint: string): boolean => endpoint.includes(MASK);

/** What may be seen of an address: where it leads, without what lets one in. */
export function maskEndpoint(endpoint: string): string {
  const { origin, pathname } = new URL(endpoint);
  const bot = /^\/bot[^/]*(\/sendMessage)?/.exec(pathname);
  if (bot) return `${origin}/bot${MASK}${bot[1] ?? ""}`;
  const parts = pathname.split("/").slice(1);
  const common = parts.slice(
    0,
    parts.findIndex((part) => !COMMON_PARTS.has(part)),
  );
  return `${origin}/${[...common, MASK].join("/")}`;
}

/** Takes the secret parts of an address out of what a receiver answered: many name the path that they were asked for. */
export function redactor(endpoint: string): (text: string) => string {
  const { pathname, search } = new URL(endpoint);
  const parts = [`${pathname}${search}`, ...pathname.split("/"), ...search.slice(1).split(/[&=]/)];
  const token = /^\/bot([^/]+)/.exec(pathname)?.[1];
  if (token !== undefined) parts.push(token, ...token.split(":"));
  const known = new Set(["sendMessage", "webhooks", "workflows"]);
  const secrets = [...new Set(parts.flatMap((part) => [part, safeDecoded(part)]))]
    .filter((part) => part.length >= SECRET_CHARACTERS_MIN && !known.has(part))
    .sort((left, right) => right.length - left.length);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), text);
}

function safeDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
