import type { Context } from "../context.ts";
import type { AppError } from "../kernel/errors.ts";
import type { RequestInfo } from "../kernel/principal.ts";
import { isLocal } from "./addresses.ts";
import { refusalOf } from "./errors.ts";
import { exchangeOf } from "./exchange.ts";
import { requestOf } from "./guard.ts";
import { readSetupForm } from "./site-form.ts";
import { FORM_PAGE, HTML_TYPE } from "./site-respond.ts";
import { type ClaimedInstallation, renderClaimed, renderSetup, type SetupForm } from "./site-setup.ts";

export interface ClaimOptions {
  readonly passwordCharactersMin: number;
  /** Claims the installation; throws the refusal. */
  readonly setUp: (form: SetupForm, request: RequestInfo) => Promise<ClaimedInstallation>;
}

/** The set-up page and what its form does. */
export function createClaiming(context: Context, options: ClaimOptions, url: () => string) {
  const isPublicUrlSecure = context.config.server.publicUrl?.startsWith("https:") ?? false;
  // Browsers send Sec-Fetch-Site only over https and to their own machine, so its presence vouches for the connection.
  const isExposed = (request: Request): boolean =>
    !isPublicUrlSecure &&
    !request.headers.has("sec-fetch-site") &&
    !isLocal(exchangeOf(request).address, request.headers);

  const page = (request: Request, form: SetupForm = {}, refusal?: AppError): Response => {
    const { passwordCharactersMin } = options;
    const text = renderSetup({ form, refusal, isExposed: isExposed(request), passwordCharactersMin });
    return respond(text, refusal?.status ?? 200);
  };

  const claim = async (request: Request): Promise<Response> => {
    let form: SetupForm = {};
    try {
      form = await readSetupForm(request);
      return respond(renderClaimed(await options.setUp(form, requestOf(request)), url()), 200);
    } catch (thrown) {
      const refusal = refusalOf(thrown);
      if (refusal.code === "internal") throw thrown;
      // Answered as a page instead of by the server's own shape, but kept like any other refusal.
      exchangeOf(request).refusal = refusal;
      return page(request, form, refusal);
    }
  };

  return { page: (request: Request): Response => page(request), claim };
}

const respond = (page: string, status: number): Response =>
  new Response(page, { status, headers: { ...FORM_PAGE, "content-type": HTML_TYPE } });
