import { DAY, durationMs, HOUR, MINUTE, SECOND } from "../kernel/units.ts";
import {
  databaseUrl,
  duration,
  filePath,
  host,
  hostOrNetwork,
  hostPattern,
  issuerUrl,
  type Kind,
  line,
  listOf,
  logLevel,
  mailbox,
  network,
  oneOf,
  proxyUrl,
  publicUrl,
  roleOfGroup,
  secretLine,
  secretPrefix,
  serverHost,
  share,
  timeOfDay,
  timeZone,
  wholeNumber,
  yesOrNo,
} from "./kinds.ts";

export interface Setting<Written, Value, Default extends Value | undefined> {
  readonly kind: Kind<Written, Value>;
  readonly default: Default;
  /** One sentence, for `hatch config explain` and the documentation. */
  readonly description: string;
}

const setting = <Written, Value, Default extends Value | undefined>(
  kind: Kind<Written, Value>,
  fallback: Default,
  description: string,
): Setting<Written, Value, Default> => ({ kind, default: fallback, description });

const networks = listOf(network, { most: 1_000 });
/** Ten years: whoever wants more wants an archive. */
const KEPT_MAX = durationMs(3_660 * DAY);
const perMinute = wholeNumber(0, 10_000_000);

/** Every setting there is. `webhooks.allowNetworks` is `HATCH_WEBHOOKS_ALLOW_NETWORKS` in the environment. */
const SETTINGS = {
  server: {
    host: setting(host, "127.0.0.1", "The address to listen on."),
    port: setting(wholeNumber(0, 65_535), 4282, "The port to listen on; 0 picks a free one."),
    publicUrl: setting(publicUrl, undefined, "Where people reach this installation; links are built from it alone."),
    adminHost: setting(host, "127.0.0.1", "The address of the listener that server.adminPort opens."),
    adminPort: setting(
      wholeNumber(0, 65_535),
      undefined,
      "A port for /metrics, /readyz and /admin/stats, by plain http: the first two are answered there only.",
    ),
  },
  tls: {
    certFile: setting(
      filePath,
      undefined,
      "A PEM file of the server's certificate and those above it: listens by https.",
    ),
    keyFile: setting(filePath, undefined, "The PEM file of its private key, without a passphrase."),
    minVersion: setting(oneOf("1.2", "1.3"), "1.2", "The oldest version of TLS that is spoken."),
  },
  http: {
    allowInsecureCookies: setting(yesOrNo, false, "Allows signing in over plain http beyond loopback."),
    allowedHosts: setting(
      listOf(host, { most: 1_000 }),
      [],
      "Host names accepted besides loopback and the public URL's; where neither is set, any beyond loopback.",
    ),
    adminNetworks: setting(
      networks,
      [],
      "From where people may sign in and use what is theirs; empty is from anywhere, loopback always may.",
    ),
    trustedProxies: setting(networks, [], "Proxies whose forwarding headers are believed."),
  },
  database: {
    url: setting(
      databaseUrl,
      undefined,
      "A Postgres database in place of the file in the data folder; a secret, best given by HATCH_DATABASE_URL_FILE.",
    ),
    tls: setting(
      oneOf("disable", "prefer", "require", "verify-ca", "verify-full"),
      undefined,
      "How the database server is believed; else the URL's sslmode, else verify-full, on this machine prefer.",
    ),
    caFile: setting(filePath, undefined, "A PEM file of the authorities that the database server is believed by."),
    readConnections: setting(wholeNumber(1, 64), 4, "Connections to the database that read; one more writes."),
    statementTimeout: setting(
      duration(SECOND, durationMs(10 * MINUTE)),
      durationMs(30 * SECOND),
      "How long one statement may take at the database server.",
    ),
    connectTimeout: setting(
      duration(SECOND, MINUTE),
      durationMs(5 * SECOND),
      "How long the database server may take to accept a connection.",
    ),
  },
  limits: {
    secretKeyPerMinute: setting(perMinute, 0, "Requests a minute of one secret key; 0 is no limit."),
    browserPerMinute: setting(perMinute, 600, "Requests a minute of one publishable key or widget token."),
    anonymousPerMinute: setting(perMinute, 120, "Requests a minute without a credential from one address."),
    failedAuthPerMinute: setting(perMinute, 20, "Wrong credentials a minute from one address."),
  },
  events: {
    lateWindow: setting(
      duration(durationMs(MINUTE), durationMs(366 * DAY)),
      durationMs(30 * DAY),
      "How far back an event may lie without `backfill`.",
    ),
    personalUserIds: setting(
      oneOf("warn", "refuse"),
      "warn",
      "What is done with a userId that looks like an e-mail address or a phone number.",
    ),
  },
  webhooks: {
    allowNetworks: setting(networks, [], "Networks that webhooks may reach though they are not public."),
    retryDelays: setting(
      listOf(duration(SECOND, DAY), { most: 20 }),
      [MINUTE, durationMs(5 * MINUTE), durationMs(30 * MINUTE), durationMs(2 * HOUR), durationMs(6 * HOUR)],
      "How long after the end of each failed attempt the next one is made.",
    ),
    retryJitter: setting(
      share,
      0.1,
      "The share of the delay that is added at most, so that retries do not march in step.",
    ),
    timeout: setting(duration(SECOND, MINUTE), durationMs(10 * SECOND), "How long a receiver may take to answer."),
    concurrency: setting(wholeNumber(1, 256), 64, "Deliveries under way at once, over all endpoints."),
    secretPrefix: setting(
      secretPrefix,
      "whsec_",
      "What signing secrets that are made here begin with; another prefix is a part of the key of Standard Webhooks too.",
    ),
    concurrencyPerEndpoint: setting(wholeNumber(1, 256), 16, "Deliveries under way at once to one endpoint."),
  },
  digest: {
    at: setting(timeOfDay, "08:00", "When the daily digest of a workspace is made, in its time zone."),
    zone: setting(timeZone, undefined, "That zone; else the one of the program that is live, else UTC."),
    mail: setting(
      oneOf("always", "traffic", "trouble", "never"),
      "traffic",
      "When the digest is mailed too: traffic is on days with deliveries or with trouble.",
    ),
  },
  outbound: {
    caFile: setting(
      filePath,
      undefined,
      "A PEM file of authorities that are trusted beside the public ones: by webhooks, mail, OIDC and the proxy.",
    ),
    proxy: setting(
      proxyUrl,
      undefined,
      "The proxy that webhooks, OIDC and mail go through (CONNECT), such as http://proxy.example.com:3128.",
    ),
    proxyUser: setting(line, undefined, "Who signs in at the proxy (Basic)."),
    proxyPassword: setting(
      secretLine,
      undefined,
      "The password of outbound.proxyUser; a secret, best given by HATCH_OUTBOUND_PROXY_PASSWORD_FILE.",
    ),
    proxyBypass: setting(
      listOf(hostOrNetwork, { most: 1_000 }),
      [],
      "Hosts and networks that are reached without the proxy; a loopback address always is.",
    ),
    allowHosts: setting(
      listOf(hostPattern, { most: 1_000 }),
      [],
      "The only hosts that endpoints may have; empty is all but those of outbound.denyHosts.",
    ),
    denyHosts: setting(listOf(hostPattern, { most: 1_000 }), [], "Hosts that no endpoint may have."),
  },
  mail: {
    host: setting(serverHost, undefined, "The mail server (SMTP); without one mails wait, see `hatch mail list`."),
    port: setting(wholeNumber(1, 65_535), undefined, "Its port; else 587, with implicit TLS 465, without TLS 25."),
    tls: setting(
      oneOf("starttls", "implicit", "none"),
      undefined,
      "How the way there is protected; else implicit on port 465, none to this machine, starttls everywhere else.",
    ),
    user: setting(line, undefined, "Who signs in at the mail server."),
    password: setting(
      secretLine,
      undefined,
      "The password of mail.user; a secret, best given by HATCH_MAIL_PASSWORD_FILE.",
    ),
    from: setting(
      mailbox,
      undefined,
      "Whom mails come from: an address, or a name with its address in angle brackets.",
    ),
    replyTo: setting(mailbox, undefined, "Where answers to mails go; else to mail.from."),
    timeout: setting(
      duration(SECOND, durationMs(10 * MINUTE)),
      MINUTE,
      "How long the mail server may take for one mail, from the connection to its last word.",
    ),
  },
  oidc: {
    issuer: setting(issuerUrl, undefined, "An identity provider (OpenID Connect) that people may sign in through."),
    clientId: setting(line, undefined, "Who we are to it."),
    clientSecret: setting(
      secretLine,
      undefined,
      "The secret of oidc.clientId; a secret, best given by HATCH_OIDC_CLIENT_SECRET_FILE.",
    ),
    name: setting(line, undefined, "What stands on the sign-in page; else the provider's host."),
    groupsClaim: setting(line, "groups", "The claim that names a person's groups."),
    roles: setting(
      listOf(roleOfGroup, { most: 200 }),
      [],
      "What groups are here: `staff=viewer`, or `staff=viewer@ws_…` where there are several workspaces.",
    ),
    required: setting(yesOrNo, false, "Passwords sign in operators and break-glass accounts only."),
  },
  retention: {
    inboundPayloads: setting(
      duration(DAY, KEPT_MAX),
      durationMs(400 * DAY),
      "How long an event keeps its properties; its effects and that it was are kept for ever.",
    ),
    outboundBodies: setting(
      duration(DAY, KEPT_MAX),
      durationMs(30 * DAY),
      "How long the body of an outbound event is kept, from when it can be replayed; longer where it still waits.",
    ),
    deliveries: setting(
      duration(DAY, KEPT_MAX),
      durationMs(400 * DAY),
      "How long it is kept what was delivered to whom, and what came of it.",
    ),
    attempts: setting(
      duration(HOUR, durationMs(90 * DAY)),
      DAY,
      "How long after the end of a delivery its requests and their answers are kept.",
    ),
    refused: setting(
      duration(HOUR, durationMs(90 * DAY)),
      durationMs(7 * DAY),
      "How long refused requests and refused events are kept.",
    ),
    mails: setting(
      duration(DAY, KEPT_MAX),
      durationMs(30 * DAY),
      "How long it is kept which mails were sent; what they said goes once they are.",
    ),
    jobs: setting(duration(DAY, KEPT_MAX), durationMs(30 * DAY), "How long a job is shown after its end."),
    revokedKeys: setting(
      duration(HOUR, KEPT_MAX),
      durationMs(30 * DAY),
      "How long a key is listed after it was revoked or has ended; one of the command line a day at most.",
    ),
    deletedWorkspaces: setting(
      duration(durationMs(0), KEPT_MAX),
      durationMs(30 * DAY),
      "How long after its deletion what a workspace held is still in the database.",
    ),
  },
  metrics: {
    allowNetworks: setting(networks, [], "Who may read /metrics besides loopback."),
  },
  log: {
    level: setting(logLevel, "info", "What is worth a line in the log."),
  },
  audit: {
    streamTo: setting(oneOf("stdout"), undefined, "Where each audit entry is written to as well, as a line of JSON."),
    streamFile: setting(
      filePath,
      undefined,
      "The file that each audit entry is appended to, in place of audit.streamTo.",
    ),
    keepDetails: setting(
      duration(DAY, durationMs(3_660 * DAY)),
      durationMs(1_095 * DAY),
      "How long an audit entry keeps what was changed; the entry itself is kept for ever.",
    ),
  },
} as const;

type Settings = typeof SETTINGS;
type ValueOf<S> = S extends Setting<unknown, infer Value, infer Default> ? Value | Default : never;
type WrittenOf<S> = S extends Setting<infer Written, infer _Value, infer _Default> ? Written : never;

/** The checked values of all settings. */
export type SettingValues = {
  readonly [Section in keyof Settings]: {
    readonly [Name in keyof Settings[Section]]: ValueOf<Settings[Section][Name]>;
  };
};

/** The settings as a configuration file writes them: each of them optional. */
export type WrittenSettings = {
  readonly [Section in keyof Settings]?: {
    readonly [Name in keyof Settings[Section]]?: WrittenOf<Settings[Section][Name]>;
  };
};

/** One line of the table, its types forgotten. */
export interface SettingEntry {
  /** `webhooks.allowNetworks` */
  readonly path: string;
  readonly section: string;
  readonly name: string;
  /** `HATCH_WEBHOOKS_ALLOW_NETWORKS` */
  readonly variable: string;
  readonly kind: Kind<unknown, unknown>;
  readonly default: unknown;
  readonly description: string;
}

const upperSnake = (camel: string): string => camel.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

export const SETTING_LIST: readonly SettingEntry[] = Object.entries(SETTINGS).flatMap(([section, entries]) =>
  Object.entries(entries as Record<string, Setting<unknown, unknown, unknown>>).map(([name, entry]) => ({
    path: `${section}.${name}`,
    section,
    name,
    variable: `HATCH_${upperSnake(section)}_${upperSnake(name)}`,
    kind: entry.kind,
    default: entry.default,
    description: entry.description,
  })),
);
