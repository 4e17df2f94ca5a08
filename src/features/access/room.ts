import type { Context } from "../../context.ts";
import type { RouteTable } from "../../http/route-table.ts";
import type { JobDraft } from "../../jobs/job.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Counter } from "../../kernel/metrics.ts";
import type { KnownOrigins } from "./browsers/known-origins.ts";
import type { CredentialCache } from "./credential-cache.ts";
import type { Provider } from "./oidc/provider.ts";
import type { CookieJar } from "./sessions/cookies.ts";
import type { LiveSessions } from "./sessions/live-sessions.ts";
import type { Turns } from "./sign-in/turns.ts";
import type { TokenSigning } from "./tokens/signing.ts";

/** What the verbs of this room share beside the context. */
export interface AccessRoom {
  readonly context: Context;
  /** Keys and tokens that were found good. */
  readonly cache: CredentialCache;
  /** From where pages may call at all. */
  readonly knownOrigins: KnownOrigins;
  readonly signing: TokenSigning;
  readonly sessions: LiveSessions;
  readonly cookies: CookieJar;
  /** The identity provider of the settings, if there is one; loaded when it is first asked for. */
  readonly findProvider: () => Promise<Provider | undefined>;
  /** What the whole server answers; empty until it is known. */
  readonly routes: () => RouteTable;
  /** How often passwords and codes may be tried, at one account and from one address. */
  readonly turns: { readonly account: Turns; readonly address: Turns };
  /** Each costs a tenth of a second and 19 MiB: how many are let so far. */
  readonly passwordChecks: Counter;
  readonly tokensMade: Counter;
  readonly leaksReported: Counter;
  /** What other rooms have to do, once the workspace was suspended, resumed or deleted. */
  readonly afterChange: (workspaceId: Id<"ws">) => readonly JobDraft[];
  /** Called after the commit that made the first workspace. */
  readonly claimed: () => void;
}
