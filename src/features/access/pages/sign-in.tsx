/** @jsxImportSource preact */
import { Button, ButtonLink } from "../../../../static/ui/button.tsx";
import { Field } from "../../../../static/ui/field.tsx";
import { Form } from "../../../../static/ui/form.tsx";
import { Notice } from "../../../../static/ui/notice.tsx";
import { PasswordField } from "../../../../static/ui/password-field.tsx";
import { faultsOf } from "../../../http/site-form.ts";
import type { AppError } from "../../../kernel/errors.ts";
import { FACTOR_FIELDS, FORGOT_FIELDS, SIGN_IN_FIELDS } from "./fields.ts";
import { renderNarrow } from "./frame.tsx";

/** What went wrong elsewhere, by the word in the address. */
const PROBLEMS = {
  refused: {
    title: "The identity provider did not let you in.",
    text: "Try again. If it stays so, tell whoever runs this installation: its log says why.",
  },
  not_allowed: {
    title: "You may not enter here.",
    text: "Your address is not verified there, none of your groups may enter, or your account is closed. Ask whoever runs this installation.",
  },
  too_late: { title: "It took too long.", text: "Begin again." },
  unavailable: { title: "The identity provider can’t be reached.", text: "Try again in a while." },
};

/** What was done elsewhere, likewise. */
const DONE = {
  password_set: { title: "Your password is set.", text: "Sign in with it. Your earlier sessions are over." },
  signed_out: { title: "You are signed out.", text: "This browser holds nothing of your session any more." },
};

interface Words {
  readonly title: string;
  readonly text: string;
}

/** Addresses hold what anybody writes there: a word that is not in the table says nothing. */
const wordsOf = (table: Readonly<Record<string, Words>>, word: string | null): Words | undefined =>
  word !== null && Object.hasOwn(table, word) ? table[word] : undefined;

/** How else one gets in: by an identity provider. */
interface ProviderParts {
  readonly name: string;
  /** Passwords are for emergencies. */
  readonly isRequired: boolean;
}

export interface SignInParts {
  readonly installation: string;
  /** Where it leads on. */
  readonly next: string;
  readonly problem: string | null;
  readonly done: string | null;
  readonly email: string | undefined;
  readonly refusal: AppError | undefined;
  readonly provider: ProviderParts | undefined;
  /** Where it is not, what is typed could be read on its way: nothing is asked. */
  readonly isSafe: boolean;
}

export const renderSignIn = (parts: SignInParts): Promise<string> => {
  const { installation, next, problem, done, refusal, provider, isSafe } = parts;
  const trouble = wordsOf(PROBLEMS, problem);
  const news = wordsOf(DONE, done);
  return renderNarrow({
    title: refusal ? "Not yet: sign in" : "Sign in",
    heading: "Sign in",
    text: `To ${installation}.`,
    children: (
      <>
        {trouble && refusal === undefined && (
          <Notice tone="bad" title={trouble.title} isAlert>
            {trouble.text}
          </Notice>
        )}
        {news && refusal === undefined && (
          <Notice tone="ok" title={news.title}>
            {news.text}
          </Notice>
        )}
        {!isSafe ? (
          <Notice tone="warn" title="Nobody signs in by this way.">
            This page came over plain http, so that a password could be read on its way. Reach it over https. Whoever
            runs this installation puts TLS in front and sets <code>server.publicUrl</code>, or allows it with{" "}
            <code>http.allowInsecureCookies</code>.
          </Notice>
        ) : (
          <>
            {provider && <ThroughProvider {...provider} next={next} />}
            {provider?.isRequired ? (
              <details class="otherwise" open={refusal !== undefined}>
                <summary>Sign in with a password</summary>
                <p>For operators, and for accounts that are kept for emergencies.</p>
                <PasswordForm {...parts} />
              </details>
            ) : (
              <PasswordForm {...parts} />
            )}
          </>
        )}
      </>
    ),
  });
};

const ThroughProvider = ({ name, isRequired, next }: ProviderParts & { readonly next: string }) => (
  <div class="provider">
    <ButtonLink
      kind={isRequired ? "primary" : "plain"}
      icon="key"
      href={`/v1/auth/oidc/start?next=${encodeURIComponent(next)}`}
    >
      Sign in through {name}
    </ButtonLink>
    {!isRequired && <p class="or">or with a password</p>}
  </div>
);

function PasswordForm({ next, email, refusal }: SignInParts) {
  const { byField, general } = faultsOf(refusal, SIGN_IN_FIELDS, { unauthenticated: "password" });
  return (
    <>
      <Form action="/sign-in" fault={general} isCard>
        <input type="hidden" name="next" value={next} />
        <Field
          id="email"
          type="email"
          label="E-mail address"
          value={email}
          fault={byField.get("email")}
          autocomplete="username"
          maxLength={254}
          autofocus={!byField.has("password")}
        />
        <PasswordField
          id="password"
          label="Password"
          fault={byField.get("password")}
          autocomplete="current-password"
          autofocus={byField.has("password")}
        />
        <Button type="submit" kind="primary">
          Sign in
        </Button>
      </Form>
      <p class="aside">
        <a href="/sign-in/forgot">Forgot your password?</a>
      </p>
    </>
  );
}

export interface FactorParts {
  readonly installation: string;
  readonly next: string;
  readonly refusal: AppError | undefined;
  /** What was tried: a code of the app, or a recovery code. */
  readonly tried: "code" | "recovery";
}

export const renderFactor = ({ installation, next, refusal, tried }: FactorParts): Promise<string> => {
  const { byField, general } = faultsOf(refusal, FACTOR_FIELDS, { unauthenticated: tried });
  const isRecovery = tried === "recovery" && refusal !== undefined;
  return renderNarrow({
    title: refusal ? "Not yet: the second factor" : "The second factor",
    heading: "One more step",
    text: `Your authenticator app shows a code for ${installation}.`,
    children: (
      <>
        <Form action="/sign-in/factor" fault={general} isCard id="factor">
          <input type="hidden" name="next" value={next} />
          <Field
            id="code"
            label="Code"
            help="Six digits; they change every 30 seconds."
            fault={byField.get("code")}
            autocomplete="one-time-code"
            inputMode="numeric"
            autocapitalize="none"
            spellcheck={false}
            maxLength={64}
            autofocus={!isRecovery}
          />
          <Button type="submit" kind="primary">
            Go on
          </Button>
        </Form>
        <details class="otherwise" open={isRecovery}>
          <summary>Without the app: use a recovery code</summary>
          <Form action="/sign-in/factor" isCard>
            <input type="hidden" name="next" value={next} />
            <Field
              id="recovery"
              label="Recovery code"
              help="One of the ten that you kept when you set the factor up. Each is good once."
              fault={byField.get("recovery")}
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              maxLength={64}
              autofocus={isRecovery}
            />
            <Button type="submit">Use the recovery code</Button>
          </Form>
        </details>
        <p class="aside">
          Neither at hand? Whoever runs this installation can take the factor away. <a href="/sign-in">Begin again</a>
        </p>
      </>
    ),
  });
};

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
