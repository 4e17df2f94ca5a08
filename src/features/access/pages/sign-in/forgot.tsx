/** @jsxImportSource preact */
import { Button } from "../../../../../static/ui/button.tsx";
import { Field } from "../../../../../static/ui/field.tsx";
import { Form } from "../../../../../static/ui/form.tsx";
import { Notice } from "../../../../../static/ui/notice.tsx";
import { faultsOf } from "../../../../http/site-form.ts";
import type { AppError } from "../../../../kernel/errors.ts";
import { FORGOT_FIELDS } from "../fields.ts";
import { renderNarrow } from "../frame.tsx";

export interface ForgotParts {
  readonly email: string | undefined;
  readonly refusal: AppError | undefined;
  /** Where no mail goes out nothing is asked. */
  readonly sendsMail: boolean;
}

export const renderForgot = ({ email, refusal, sendsMail }: ForgotParts): Promise<string> => {
  const { byField, general } = faultsOf(refusal, FORGOT_FIELDS);
  if (!sendsMail) return renderForgotByHand();
  return renderNarrow({
    title: refusal ? "Not yet: a new password" : "Forgot your password?",
    heading: "Forgot your password?",
    text: "A link to set another one goes to your mailbox. It works once, for 30 minutes.",
    children: (
      <>
        <Form action="/sign-in/forgot" fault={general} isCard>
          <Field
            id="email"
            type="email"
            label="E-mail address"
            help="The one that you sign in with."
            value={email}
            fault={byField.get("email")}
            autocomplete="username"
            maxLength={254}
            autofocus
          />
          <Button type="submit" kind="primary">
            Send the link
          </Button>
        </Form>
        <p class="aside">
          <a href="/sign-in">Back to sign in</a>
        </p>
      </>
    ),
  });
};

const renderForgotByHand = (): Promise<string> =>
  renderNarrow({
    title: "Forgot your password?",
    text: "This installation sends no mail, so it can’t send you a link.",
    children: (
      <>
        <Notice title="Ask whoever runs it for a one-time password.">
          They set one with <code>hatch accounts reset-password</code>, or on the page of your account.
        </Notice>
        <p class="aside">
          <a href="/sign-in">Back to sign in</a>
        </p>
      </>
    ),
  });

/** The same for whomever: whether there is an account is not told. */
export const renderForgotSent = (email: string): Promise<string> =>
  renderNarrow({
    title: "Look into your mailbox",
    text: (
      <>
        If an account has the address <strong>{email}</strong>, a link is on its way there. It works once, for 30
        minutes.
      </>
    ),
    children: (
      <p class="aside">
        Nothing after a few minutes? Look among the unwanted mail, then <a href="/sign-in/forgot">ask again</a>, or ask
        whoever runs this installation. <a href="/sign-in">Back to sign in</a>
      </p>
    ),
  });
