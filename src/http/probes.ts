import { Elysia } from "elysia";
import type { Context } from "../context.ts";
import { AppError, type ErrorDetail, notFound } from "../kernel/errors.ts";
import { isLocal, networkMatcher } from "./addresses.ts";
import { exchangeOf } from "./exchange.ts";
import type { Guard } from "./guard.ts";

/** Asked by load balancers, over and over and without a credential: they count on no limit. */
export const PROBE_PATHS: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

/** One thing that has to work before requests are sent here; throws where it does not. */
export interface ReadinessCheck {
  readonly name: string;
  readonly check: () => Promise<void>;
}

const CHECK_TIMEOUT_MS = 2_000;
/** Each look writes to the database: many balancers share one. */
const LOOK_SHARED_MS = 1_000;

/** Runs every check, at most once a second. @returns what does not work */
function createReadiness({ clock, database, log }: Context, extra: readonly ReadinessCheck[]) {
  const checks: readonly ReadinessCheck[] = [{ name: "database", check: () => database.probe() }, ...extra];
  const inTime = async (check: () => Promise<void>): Promise<void> => {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = clock.after(CHECK_TIMEOUT_MS, () => reject(new Error("the check took too long")));
    await Promise.race([check(), promise]).finally(() => timer.cancel());
  };
  const look = async (): Promise<readonly ErrorDetail[]> => {
    const faults = checks.map(async ({ name, check }): Promise<ErrorDetail | undefined> => {
      try {
        await inTime(check);
        return undefined;
      } catch (error) {
        log.error("not ready", { check: name, error: error instanceof Error ? error.message : String(error) });
        return { path: name, message: "Does not work at present." };
      }
    });
    return (await Promise.all(faults)).filter((fault) => fault !== undefined);
  };
  let shared: { readonly at: number; readonly faults: Promise<readonly ErrorDetail[]> } | undefined;
  return (): Promise<readonly ErrorDetail[]> => {
    const now = clock.monotonic();
    if (!shared || now - shared.at >= LOOK_SHARED_MS) shared = { at: now, faults: look() };
    return shared.faults;
  };
}

export interface ProbeOptions {
  readonly context: Context;
  readonly isDraining: () => boolean;
  readonly checks: readonly ReadinessCheck[];
}

export function createProbeRoutes({ context, isDraining, checks }: ProbeOptions, guard: Guard) {
  const findFaults = createReadiness(context, checks);
  const mayScrape = networkMatcher(context.config.metrics.allowNetworks);
  return new Elysia({ name: "probes" })
    .use(guard)
    .get("/healthz", () => ({ status: "ok" }), {
      access: "public",
      audience: "everybody",
      beforeClaim: true,
      detail: { operationId: "getHealth", summary: "Whether the process lives", tags: ["Operations"] },
    })
    .get(
      "/readyz",
      async () => {
        if (isDraining()) throw new AppError("unavailable", "The server is stopping.");
        const faults = await findFaults();
        if (faults.length > 0) throw new AppError("unavailable", "The server is not ready.", { details: faults });
        return { status: "ready" };
      },
      {
        access: "public",
        audience: "operators",
        beforeClaim: true,
        detail: { operationId: "getReadiness", summary: "Whether requests can be served", tags: ["Operations"] },
      },
    )
    .get(
      "/metrics",
      async ({ request, set }) => {
        const { address, listener } = exchangeOf(request);
        const isAllowed =
          listener === "operators" ||
          isLocal(address, request.headers) ||
          (address !== undefined && mayScrape(address));
        // To everybody else there is no such page.
        if (!isAllowed) throw notFound("The page");
        set.headers["content-type"] = "text/plain; version=0.0.4; charset=utf-8";
        return await context.metrics.render();
      },
      { access: "public", audience: "operators", detail: { hide: true } },
    );
}
