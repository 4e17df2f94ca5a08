import { Elysia } from "elysia";
import type { Context } from "../../context.ts";
import type { Feature } from "../../feature.ts";
import { exchangeOf } from "../../http/exchange.ts";
import type { Guard } from "../../http/guard.ts";
import { answerPage } from "../../http/site-answer.ts";
import { readStats, type StatsSources } from "./stats.ts";

const QUERY_CHARACTERS_MAX = 255;

/** What is looked for; undefined where nothing is. */
function queryOf({ url }: Request): string | undefined {
  const query = new URL(url, "http://localhost").searchParams.get("q")?.trim().slice(0, QUERY_CHARACTERS_MAX);
  return query === "" ? undefined : query;
}

/** A script says that it wants JSON, a browser says first that it wants a page. */
function wantsJson({ headers }: Request): boolean {
  const accept = headers.get("accept") ?? "";
  return accept.includes("application/json") && !accept.includes("text/html");
}

const answerJson = (value: unknown): Response =>
  new Response(`${JSON.stringify(value)}\n`, {
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });

/** By an operator's session, or by the operators' own listener, which asks for none. */
const RULES = { access: { account: "operator" }, audience: "operators", detail: { hide: true } } as const;

/** The delivery status of the whole installation, for who operates it. */
export function createStats(context: Context, sources: StatsSources): Feature {
  const show = async (request: Request): Promise<Response> => {
    const stats = await readStats(context, sources, queryOf(request));
    if (wantsJson(request)) return answerJson(stats);
    const { renderStats } = await import("./page.tsx");
    const { principal } = exchangeOf(request);
    const text = await renderStats({ stats, isSignedIn: principal !== undefined, now: context.clock.now() });
    return answerPage(context, request, text);
  };
  return {
    name: "stats",
    routes: (guard: Guard) =>
      new Elysia({ name: "stats" })
        .use(guard)
        .get("/admin/stats", ({ request }) => show(request), { ...RULES, page: true })
        .get(
          "/admin/stats.json",
          async ({ request }) => answerJson(await readStats(context, sources, queryOf(request))),
          { ...RULES },
        ),
  };
}
