/** @jsxImportSource preact */
import { ButtonLink } from "../../static/ui/button.tsx";
import { Mark } from "../../static/ui/mark.tsx";
import type { AppError, ErrorCode } from "../kernel/errors.ts";
import { maskCredentials } from "../kernel/log.ts";
import { renderPage } from "./site-page.tsx";

const TITLES: Readonly<Partial<Record<ErrorCode, string>>> = {
  forbidden: "This is not open to you",
  not_found: "There is nothing here",
  method_not_allowed: "There is nothing here",
  rate_limited: "A little too fast",
  internal: "Something failed on our side",
  not_configured: "This is not set up",
  unavailable: "Not at the moment",
};

/** @param requestId by which whoever runs the installation finds it again */
export const renderRefusal = (refusal: AppError, requestId: string): Promise<string> =>
  renderPage({
    title: TITLES[refusal.code] ?? "That did not work",
    description: "A request that was refused.",
    styles: ["setup.css"],
    body: (
      <main id="main" class="narrow" tabIndex={-1}>
        <header>
          <Mark size={44} />
          <h1>{TITLES[refusal.code] ?? "That did not work"}</h1>
          <p>{maskCredentials(refusal.message)}</p>
        </header>
        <div class="actions">
          <ButtonLink href="/" kind="primary">
            To the start page
          </ButtonLink>
        </div>
        <p class="aside">
          Request <code>{requestId}</code>
        </p>
      </main>
    ),
  });
