import type { JsonObject, JsonValue } from "../kernel/json.ts";
import type { LogLevel } from "../kernel/log.ts";
import { type Mailbox, parseMailbox, showMailbox } from "../kernel/mail-address.ts";
import { isSecretPrefix } from "../kernel/secret-prefix.ts";
import { isTimeOfDay, isTimeZone, TIME_ZONE_EXPECTED } from "../kernel/time-zone.ts";
import { type DurationMs, formatDuration, parseDuration } from "../kernel/units.ts";
import { isCidr } from "./networks.ts";

/** How a setting is written in a file and in text, checked, and shown. `Written` is its form in a configuration file. */
export interface Kind<Written, Value> {
  /** Completes "expected …". */
  readonly expected: string;
  /** The JSON Schema of its written form: what an editor completes and checks by. */
  readonly schema: JsonObject;
  /** From the plain data of a file; undefined where it is not as expected. */
  readonly parse: (written: unknown) => Value | undefined;
  /** From a flag or the environment into what a file would hold. */
  readonly fromText: (text: string) => unknown;
  readonly show: (value: Value) => JsonValue;
  /** Never set: carries the type of the written form. */
  readonly written?: Written;
}

const same = (text: string): string => text;

/** What stands for a secret wherever settings are shown. */
export const SECRET_SHOWN = "********";

function text(expected: string, isRight: (text: string) => boolean): Kind<string, string> {
  return {
    expected,
    schema: { type: "string" },
    parse: (written) => (typeof written === "string" && isRight(written) ? written : undefined),
    fromText: same,
    show: same,
  };
}

export function oneOf<const T extends string>(...choices: readonly T[]): Kind<T, T> {
  return {
    expected: `one of ${choices.join(", ")}`,
    schema: { enum: choices },
    parse: (written) => choices.find((choice) => choice === written),
    fromText: same,
    show: same,
  };
}

export const logLevel: Kind<LogLevel, LogLevel> = oneOf("debug", "info", "warn", "error");

export const yesOrNo: Kind<boolean, boolean> = {
  expected: "true or false",
  schema: { type: "boolean" },
  parse: (written) => (typeof written === "boolean" ? written : undefined),
  fromText: (text) => (text === "true" ? true : text === "false" ? false : text),
  show: (value) => value,
};

const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/;

function number(expected: string, isRight: (value: number) => boolean): Kind<number, number> {
  return {
    expected,
    schema: { type: "number" },
    parse: (written) => (typeof written === "number" && isRight(written) ? written : undefined),
    fromText: (text) => (NUMBER.test(text) ? Number(text) : text),
    show: (value) => value,
  };
}

export const wholeNumber = (least: number, most: number): Kind<number, number> =>
  number(
    `a whole number from ${least} to ${most}`,
    (value) => Number.isInteger(value) && value >= least && value <= most,
  );

export const share: Kind<number, number> = number("a share from 0 to 1", (value) => value >= 0 && value <= 1);

export function duration(least: DurationMs, most: DurationMs): Kind<string, DurationMs> {
  return {
    expected: `a duration from "${formatDuration(least)}" to "${formatDuration(most)}", such as "15m", "24h" or "30d"`,
    schema: { type: "string" },
    parse(written) {
      const value = typeof written === "string" ? parseDuration(written) : undefined;
      return value !== undefined && value >= least && value <= most ? value : undefined;
    },
    fromText: same,
    show: formatDuration,
  };
}

/** An empty text is an empty list; entries are parted by commas. */
export function listOf<Written, Value>(
  entry: Kind<Written, Value>,
  { most }: { readonly most: number },
): Kind<readonly Written[], readonly Value[]> {
  return {
    expected: `a list of at most ${most}, each ${entry.expected}`,
    schema: { type: "array", items: entry.schema },
    parse(written) {
      if (!Array.isArray(written) || written.length > most) return undefined;
      const values = written.map(entry.parse).filter((value) => value !== undefined);
      return values.length === written.length ? Object.freeze(values) : undefined;
    },
    fromText: (text) => (text.trim() === "" ? [] : text.split(",").map((part) => entry.fromText(part.trim()))),
    show: (values) => values.map(entry.show),
  };
}

export const network: Kind<string, string> = text('a network such as "10.0.0.0/8" or "fd00::/8"', isCidr);

/** Host name or address, without a port. */
const HOST = /^[0-9A-Za-z._:-]{1,253}$/;
export const host: Kind<string, string> = text("a host name or an address, without a port", (text) => HOST.test(text));
/** The host of somebody else's server: `example.com:25` is no address. */
export const serverHost: Kind<string, string> = text(
  "a host name or an address; the port is a setting of its own",
  (text) => HOST.test(text) && (!text.includes(":") || isCidr(text)),
);

/** A host name, or `*.example.com` for all below it. */
const HOST_PATTERN = /^(?:\*\.)?(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9](?:[a-z0-9-]{0,62}))*$/i;
const isHostPattern = (text: string): boolean => HOST_PATTERN.test(text) || (isCidr(text) && !text.includes("/"));

export const hostPattern: Kind<string, string> = text(
  'a host such as "hooks.example.com", or "*.example.com" for all below it',
  isHostPattern,
);
export const hostOrNetwork: Kind<string, string> = text(
  'a host such as "mail.example.com" or "*.example.com", or a network such as "10.0.0.0/8"',
  (text) => isHostPattern(text) || isCidr(text),
);

/** Without credentials: they are settings of their own, and a URL is shown and logged. */
export const proxyUrl: Kind<string, string> = text(
  "an address such as http://proxy.example.com:3128: http or https, without credentials, path or query",
  (written) => {
    const url = URL.parse(written);
    if (url === null || !["http:", "https:"].includes(url.protocol)) return false;
    return url.username === "" && url.password === "" && url.pathname === "/" && url.search === "" && url.hash === "";
  },
);

function publicUrlOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return plain && (url.protocol === "https:" || url.protocol === "http:") && url.pathname === "/"
    ? url.origin
    : undefined;
}

export const publicUrl: Kind<string, string> = {
  expected: 'an address such as "https://hatch.example.com": http or https, without path, query or credentials',
  schema: { type: "string" },
  parse: (written) => (typeof written === "string" ? publicUrlOf(written) : undefined),
  fromText: same,
  show: same,
};

/** The whole of it is a secret: user, password and host. What it means in detail is checked when it is opened. */
export const databaseUrl: Kind<string, string> = {
  ...text("a URL such as postgres://user:password@host:5432/database", (text) => /^postgres(?:ql)?:\/\//.test(text)),
  show: () => SECRET_SHOWN,
};

/** Hour and minute of a day: "08:00". */
export const timeOfDay: Kind<string, string> = text('a time such as "08:00"', isTimeOfDay);

export const timeZone: Kind<string, string> = text(TIME_ZONE_EXPECTED, isTimeZone);

export const line: Kind<string, string> = text(
  "one line of at most 1024 characters",
  (text) => text.length <= 1_024 && /^[^\p{Cc}]+$/u.test(text),
);
export const secretPrefix: Kind<string, string> = text(
  'a letter, then letters, digits, "_" or "-", 32 at most, and not like a key of Hatch (hk_, hpk_)',
  isSecretPrefix,
);
export const secretLine: Kind<string, string> = { ...line, show: () => SECRET_SHOWN };

export const mailbox: Kind<string, Mailbox> = {
  expected: 'a mail address such as "hatch@example.com" or "Hatch <hatch@example.com>"',
  schema: { type: "string" },
  parse: (written) => (typeof written === "string" ? parseMailbox(written) : undefined),
  fromText: same,
  show: showMailbox,
};

export const filePath: Kind<string, string> = text("the path of a file", (text) => text !== "" && !text.includes("\0"));

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** Kept as it is written: an issuer is compared character by character (OpenID Connect Discovery 1.0, section 4.3). */
export const issuerUrl: Kind<string, string> = text("an https URL such as https://login.example.com", (written) => {
  const url = URL.parse(written);
  if (url?.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK_HOSTS.has(url.hostname));
});

const ROLE_OF_GROUP = /^([^=\p{Cc}]{1,200})=(viewer|support|developer|admin|owner)(?:@(ws_[0-9a-z]{26}))?$/u;

/** What a group of the identity provider is here: `staff=viewer`, or `staff=viewer@ws_…` where there are several workspaces. */
export const roleOfGroup: Kind<string, string> = text(
  "a group and its role, such as staff=viewer or staff=viewer@ws_…",
  (written) => ROLE_OF_GROUP.test(written),
);

export interface RoleOfGroup {
  readonly group: string;
  readonly role: "viewer" | "support" | "developer" | "admin" | "owner";
  readonly workspaceId: string | undefined;
}

export function parseRoleOfGroup(written: string): RoleOfGroup | undefined {
  const [, group, role, workspaceId] = ROLE_OF_GROUP.exec(written) ?? [];
  return group === undefined ? undefined : { group, role: role as RoleOfGroup["role"], workspaceId };
}
