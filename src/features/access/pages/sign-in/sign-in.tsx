/** @jsxImportSource preact */
import { Button, ButtonLink } from "../../../../../static/ui/button.tsx";
import { Field } from "../../../../../static/ui/field.tsx";
import { Form } from "../../../../../static/ui/form.tsx";
import { Notice } from "../../../../../static/ui/notice.tsx";
import { PasswordField } from "../../../../../static/ui/password-field.tsx";
import { faultsOf } from "../../../../http/site-form.ts";
import type { AppError } from "../../../../kernel/errors.ts";
import { SIGN_IN_FIELDS } from "../fields.ts";
import { renderNarrow } from "../frame.tsx";

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
