import type { JsonObject } from "../kernel/json.ts";
import type { LogLevel } from "../kernel/log.ts";
import type { DurationMs } from "../kernel/units.ts";
import type { MailSettings } from "./mail.ts";
import type { OidcSettings } from "./oidc.ts";
import type { OutboundSettings } from "./proxy.ts";
import type { TlsSettings } from "./tls.ts";

/** The checked, frozen settings. Secrets are not among them: the root key, the database URL and the passwords of mails and of the proxy go their own ways. */
export interface Config {
  readonly dataDirectory: string;
  readonly server: {
    readonly host: string;
    /** 0 picks a free one. */
    readonly port: number;
    /** Where people reach the product, e.g. `https://hatch.example.com`; links are built from it alone. */
    readonly publicUrl: string | undefined;
  };
  /** Where the operator's surfaces are answered, and only there; undefined where they are on the one port. */
  readonly adminListener: { readonly host: string; readonly port: number } | undefined;
  /** Undefined where TLS is a proxy's, or nobody's. */
  readonly tls: TlsSettings | undefined;
  readonly http: {
    readonly allowInsecureCookies: boolean;
    /** Host names accepted besides loopback and the public URL's. */
    readonly allowedHosts: readonly string[];
    /** From where people may sign in and use what is theirs, as CIDR; empty is from anywhere. */
    readonly adminNetworks: readonly string[];
    /** Proxies whose forwarding headers are believed, as CIDR. */
    readonly trustedProxies: readonly string[];
  };
  /** For a database on a server; where it is stands in its URL. */
  readonly database: {
    readonly tls: "disable" | "prefer" | "require" | "verify-ca" | "verify-full" | undefined;
    readonly caFile: string | undefined;
    readonly readConnections: number;
    readonly statementTimeout: DurationMs;
    readonly connectTimeout: DurationMs;
  };
  readonly limits: {
    /** 0 is no limit. */
    readonly secretKeyPerMinute: number;
    readonly browserPerMinute: number;
    readonly anonymousPerMinute: number;
    readonly failedAuthPerMinute: number;
  };
  readonly events: {
    /** How far back `occurredAt` may lie without `backfill`. */
    readonly lateWindow: DurationMs;
    /** What is done with a `userId` that looks like an e-mail address or a phone number. */
    readonly personalUserIds: "warn" | "refuse";
  };
  readonly webhooks: {
    /** CIDR; what is not public and not listed here is refused. */
    readonly allowNetworks: readonly string[];
    readonly retryDelays: readonly DurationMs[];
    /** A share of the delay, only ever added. */
    readonly retryJitter: number;
    readonly timeout: DurationMs;
    /** Requests under way at once, over all endpoints. */
    readonly concurrency: number;
    readonly concurrencyPerEndpoint: number;
    /** What made signing secrets begin with. */
    readonly secretPrefix: string;
  };
  /** What holds where a workspace says nothing else. */
  readonly digest: {
    /** `08:00` */
    readonly at: string;
    /** Undefined: that of the program which is live. */
    readonly zone: string | undefined;
    readonly mail: "always" | "traffic" | "trouble" | "never";
  };
  readonly outbound: OutboundSettings;
  /** Undefined where no mail server is set: mails are kept and wait for one. */
  readonly mail: MailSettings | undefined;
  /** Undefined where people sign in by password only. */
  readonly oidc: OidcSettings | undefined;
  /** How long what is kept for a time is kept. */
  readonly retention: {
    readonly inboundPayloads: DurationMs;
    readonly outboundBodies: DurationMs;
    readonly deliveries: DurationMs;
    /** After the end of their delivery. */
    readonly attempts: DurationMs;
    readonly refused: DurationMs;
    readonly mails: DurationMs;
    readonly jobs: DurationMs;
    readonly revokedKeys: DurationMs;
    readonly deletedWorkspaces: DurationMs;
  };
  readonly metrics: {
    /** Who may read `/metrics` besides loopback, as CIDR. */
    readonly allowNetworks: readonly string[];
  };
  readonly log: { readonly level: LogLevel };
  readonly audit: {
    /** Where each entry is written to as well, for whoever watches over many systems. */
    readonly streamTo: "stdout" | undefined;
    /** The same as a file, in place of stdout. */
    readonly streamFile: string | undefined;
    /** How long an entry keeps what was changed; that something was changed is kept for ever. */
    readonly keepDetails: DurationMs;
  };
  /** The program of the configuration file, as written there; checked when it is published. */
  readonly program: JsonObject | undefined;
}
