/** @jsxImportSource preact */
import { TokenField } from "../../../../../static/people/token-field.tsx";
import { Button, ButtonLink } from "../../../../../static/ui/button.tsx";
import { Form } from "../../../../../static/ui/form.tsx";
import { PasswordField } from "../../../../../static/ui/password-field.tsx";
import { faultsOf } from "../../../../http/site-form.ts";
import type { AppError } from "../../../../kernel/errors.ts";
import { PASSWORD_CHARACTERS_MIN } from "../../types.ts";
import { RESET_FIELDS, TOKEN_FIELDS } from "../fields.ts";
import { renderNarrow } from "../frame.tsx";

const LINK_HELP = "All that stands after the # of the link in the mail, or the whole link.";

export const renderReset = (refusal?: AppError): Promise<string> => {
  const { byField, general } = faultsOf(refusal, RESET_FIELDS, { unauthenticated: "token" });
  return renderNarrow({
    title: refusal ? "Not yet: a new password" : "Set a new password",
    heading: "Set a new password",
    text: "All your sessions end with it. Your second factor stays as it is.",
    script: "people.js",
    children: (
      <>
        <Form action="/reset" fault={general} isCard>
          <TokenField id="token" label="From the mail" help={LINK_HELP} fault={byField.get("token")} />
          <PasswordField
            id="password"
            label="New password"
            help={`At least ${PASSWORD_CHARACTERS_MIN} characters. A few words in a row do well.`}
            fault={byField.get("password")}
            autocomplete="new-password"
            minLength={PASSWORD_CHARACTERS_MIN}
            autofocus
          />
          <Button type="submit" kind="primary">
            Set the password
          </Button>
        </Form>
        <p class="aside">
          <a href="/sign-in/forgot">Ask for another link</a>
        </p>
      </>
    ),
  });
};

export const renderConfirmEmail = (refusal?: AppError): Promise<string> => {
  const { byField, general } = faultsOf(refusal, TOKEN_FIELDS, { unauthenticated: "token" });
  return renderNarrow({
    title: refusal ? "Not yet: the e-mail address" : "Confirm the e-mail address",
    heading: "Confirm the e-mail address",
    text: "An account changes its address when the links in both mailboxes, the old and the new, were used.",
    script: "people.js",
    children: (
      <Form action="/email" fault={general} isCard>
        <TokenField id="token" label="From the mail" help={LINK_HELP} fault={byField.get("token")} />
        <Button type="submit" kind="primary">
          Confirm the change
        </Button>
      </Form>
    ),
  });
};

/** @param waitingFor the mailbox whose link was not used; undefined where the address changed */
export const renderEmailConfirmed = (waitingFor: "old" | "new" | undefined): Promise<string> =>
  renderNarrow({
    title: waitingFor === undefined ? "The address is changed" : "One of two is confirmed",
    text:
      waitingFor === undefined
        ? "Sign in with the address from now on. Sessions go on."
        : `The link that went to the ${waitingFor} address is still to be used. Until then nothing changes.`,
    children: (
      <div class="actions">
        <ButtonLink href="/" kind="primary">
          To the start page
        </ButtonLink>
      </div>
    ),
  });
