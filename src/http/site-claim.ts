import type { Context } from "../context.ts";
import type { AppError } from "../kernel/errors.ts";
import { isLocal } from "./addresses.ts";
import { exchangeOf } from "./exchange.ts";
import { answerForm, answerPage } from "./site-answer.ts";
import type { ClaimedInstallation } from "./site-claimed.tsx";
import { readForm, SETUP_FIELDS, type SetupForm } from "./site-form.ts";

export interface ClaimOptions {
  readonly passwordCharactersMin: number;
  /** Claims the installation; throws the refusal. */
  readonly setUp: (form: SetupForm, request: Request) => Promise<ClaimedFromHere>;
}

export interface ClaimedFromHere {
  readonly claimed: ClaimedInstallation;
  /** Values of `Set-Cookie`: who claimed it is signed in, where the way there is safe. */
  readonly cookies: readonly string[];
}

/** The set-up page and what its form does. */
export function createClaiming(context: Context, options: ClaimOptions, url: () => string) {
  const isPublicUrlSecure = context.config.server.publicUrl?.startsWith("https:") ?? false;
  // Browsers send Sec-Fetch-Site only over https and to their own machine, so its presence vouches for the connection.
  const isExposed = (request: Request): boolean =>
    !isPublicUrlSecure &&
    !request.headers.has("sec-fetch-site") &&
    !isLocal(exchangeOf(request).address, request.headers);

  const page = async (request: Request, form: SetupForm = {}, refusal?: AppError): Promise<Response> => {
    const { renderSetup } = await import("./site-setup.tsx");
    const { passwordCharactersMin } = options;
    const text = await renderSetup({ form, refusal, isExposed: isExposed(request), passwordCharactersMin });
    return answerPage(context, request, text, { refusal });
  };

  const claim = (request: Request): Promise<Response> => {
    let form: SetupForm = {};
    return answerForm(
      request,
      async () => {
        form = await readForm(request, SETUP_FIELDS);
        // At hand before the keys are: they are shown once.
        const { renderClaimed } = await import("./site-claimed.tsx");
        const { claimed, cookies } = await options.setUp(form, request);
        const isSignedIn = cookies.length > 0;
        return answerPage(context, request, await renderClaimed(claimed, { url: url(), isSignedIn }), { cookies });
      },
      (refusal) => page(request, form, refusal),
    );
  };

  return { page: (request: Request): Promise<Response> => page(request), claim };
}
