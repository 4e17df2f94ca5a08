import type { Context } from "../context.ts";
import type { AppError } from "../kernel/errors.ts";
import { refusalOf } from "./errors.ts";
import { exchangeOf } from "./exchange.ts";
import { FORM_PAGE, HTML_TYPE, type Resource, serveResource } from "./site-respond.ts";

/** The element in which a page, once written, takes up what is true for one browser. */
export const BANNERS_ID = "banners";
const EMPTY = `<div id="${BANNERS_ID}">`;

/** Where the button of a banner leads that ends acting as another. */
export const END_IMPERSONATION = "/impersonation/end";

type Room = Pick<Context, "config" | "clock">;

export interface PageAnswer {
  /** Why the page came back: its status is the answer's. */
  readonly refusal?: AppError | undefined;
  /** Values of `Set-Cookie`. */
  readonly cookies?: readonly string[];
}

/** What stands above every page, as markup: who acts as whom, and that cookies are not safe here. */
async function bannersFor({ config, clock }: Room, request: Request): Promise<string> {
  const { credential } = exchangeOf(request);
  const isInsecure = config.http.allowInsecureCookies && !config.server.publicUrl?.startsWith("https:");
  if (!isInsecure && credential?.acting === undefined) return "";
  const { renderBanners } = await import("./site-banner.tsx");
  const acting = credential?.acting && {
    who: credential.acting,
    csrf: credential.csrf ?? "",
    endAt: END_IMPERSONATION,
  };
  return renderBanners({ acting, isInsecure, now: clock.now() });
}

/** One person's page: kept nowhere on the way. */
export async function answerPage(
  room: Room,
  request: Request,
  text: string,
  { refusal, cookies = [] }: PageAnswer = {},
): Promise<Response> {
  const headers = new Headers({ ...FORM_PAGE, "content-type": HTML_TYPE });
  if (refusal?.retryAfterSeconds !== undefined) headers.set("retry-after", String(refusal.retryAfterSeconds));
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  const banners = await bannersFor(room, request);
  return new Response(
    text.replace(EMPTY, () => EMPTY + banners),
    { status: refusal?.status ?? 200, headers },
  );
}

/** A page that is the same for everybody, but for what stands above it. */
export async function servePage(room: Room, request: Request, page: Resource): Promise<Response> {
  const hasBanners = (await bannersFor(room, request)) !== "";
  return hasBanners ? answerPage(room, request, new TextDecoder().decode(page.body)) : serveResource(request, page);
}

/** Leads on after something was done, so that a reload does not do it again. */
export function leadTo(location: string, cookies: readonly string[] = []): Response {
  const headers = new Headers({ location, "cache-control": "no-store" });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return new Response(null, { status: 303, headers });
}

/**
 * What a form asks for; where that is refused, the page it came from, again, with what is wrong. The refusal is kept like
 * any other.
 */
export async function answerForm(
  request: Request,
  work: () => Promise<Response>,
  again: (refusal: AppError) => Promise<Response>,
): Promise<Response> {
  try {
    return await work();
  } catch (thrown) {
    const refusal = refusalOf(thrown);
    if (refusal.code === "internal") throw thrown;
    exchangeOf(request).refusal = refusal;
    return again(refusal);
  }
}
