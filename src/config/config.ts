import type { JsonObject } from "../kernel/json.ts";
import type { LogLevel } from "../kernel/log.ts";
import type { DurationMs } from "../kernel/units.ts";

/** The checked, frozen settings. Secrets are not among them: the root key and the database URL go their own ways. */
export interface Config {
  readonly dataDirectory: string;
  readonly server: {
    readonly host: string;
    /** 0 picks a free one. */
    readonly port: number;
    /** Where people reach the product, e.g. `https://hatch.example.com`; links are built from it alone. */
    readonly publicUrl: string | undefined;
  };
  readonly http: {
    readonly allowInsecureCookies: boolean;
    /** Host names accepted besides loopback and the public URL's; empty allows any. */
    readonly allowedHosts: readonly string[];
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
  };
  readonly outbound: {
    /** A PEM file whose certificates are trusted as well. */
    readonly caFile: string | undefined;
  };
  readonly metrics: {
    /** Who may read `/metrics` besides loopback, as CIDR. */
    readonly allowNetworks: readonly string[];
  };
  readonly log: { readonly level: LogLevel };
  /** The program of the configuration file, as written there; checked when it is published. */
  readonly program: JsonObject | undefined;
}
