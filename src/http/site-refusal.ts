import type { Context } from "../context.ts";
import type { AppError } from "../kernel/errors.ts";
import type { Exchange } from "./exchange.ts";
import { answerPage, leadTo } from "./site-answer.ts";

/** A page of ours: nothing that could lead elsewhere. */
const OWN_PLACE = /^\/(?![/\\])[\w\-./?=&%@+]{0,500}$/;

/** Where to go on, if it is a place of ours; the start page for all else. */
export const ownPlace = (place: string | null | undefined): string =>
  place !== null && place !== undefined && OWN_PLACE.test(place) ? place : "/";

/** Whether it is the shape of every refusal, and no page that says it already. */
export const isBareRefusal = ({ headers }: Response): boolean =>
  headers.get("content-type")?.startsWith("application/json") === true;

/** The page that a person was on: of what was sent, the one that sent it. */
function placeOf({ request }: Exchange): string {
  const isLook = request.method === "GET" || request.method === "HEAD";
  const from = isLook ? request.url : request.headers.get("referer");
  if (from === null || !URL.canParse(from)) return "/";
  const { pathname, search } = new URL(from);
  return ownPlace(pathname + search);
}

/** A refusal as a person meets it: the way to sign in, or what happened, in words. */
export async function answerRefusal(
  room: Pick<Context, "config" | "clock">,
  exchange: Exchange,
  refusal: AppError,
  bare: Response,
): Promise<Response> {
  if (refusal.code === "unauthenticated") return leadTo(`/sign-in?next=${encodeURIComponent(placeOf(exchange))}`);
  const { renderRefusal } = await import("./site-refused.tsx");
  const text = await renderRefusal(refusal, exchange.id);
  const page = await answerPage(room, exchange.request, text, { refusal });
  const allow = bare.headers.get("allow");
  if (allow !== null) page.headers.set("allow", allow);
  return page;
}
