/** @jsxImportSource preact */
import { TokenField } from "../../../../../static/people/token-field.tsx";
import { Button, ButtonLink } from "../../../../../static/ui/button.tsx";
import { Field } from "../../../../../static/ui/field.tsx";
import { Form } from "../../../../../static/ui/form.tsx";
import { Notice } from "../../../../../static/ui/notice.tsx";
import { PasswordField } from "../../../../../static/ui/password-field.tsx";
import { faultsOf } from "../../../../http/site-form.ts";
import type { AppError } from "../../../../kernel/errors.ts";
import type { Role } from "../../../../kernel/roles.ts";
import { PASSWORD_CHARACTERS_MIN } from "../../types.ts";
import { ACCEPT_FIELDS, TOKEN_FIELDS } from "../fields.ts";
import { PressForm, renderNarrow } from "../frame.tsx";

export const renderOpenInvitation = (refusal?: AppError): Promise<string> => {
  const { byField, general } = faultsOf(refusal, TOKEN_FIELDS, { unauthenticated: "token" });
  return renderNarrow({
    title: refusal ? "Not yet: your invitation" : "Open your invitation",
    heading: "Open your invitation",
    text: "It says who invites you, and to what, before you accept anything.",
    script: "people.js",
    children: (
      <Form action="/invitation" fault={general} isCard>
        <TokenField
          id="token"
          label="From the mail"
          help="All that stands after the # of the link in the mail, or the whole link."
          fault={byField.get("token")}
          isSentAtOnce
        />
        <Button type="submit" kind="primary">
          Open the invitation
        </Button>
      </Form>
    ),
  });
};

/** How an invitation can be accepted by who looks at it. */
export type Acceptance =
  /** Nobody has the address. */
  | { readonly by: "new"; readonly providerName: string | undefined; readonly isProviderRequired: boolean }
  /** Somebody has it, and is not signed in here. */
  | { readonly by: "sign-in" }
  /** Signed in as who it is for. */
  | { readonly by: "me"; readonly csrf: string }
  /** Signed in as somebody else. */
  | { readonly by: "other"; readonly email: string; readonly csrf: string };

export interface InvitationParts {
  readonly workspace: string;
  readonly invitedBy: string | undefined;
  readonly email: string;
  readonly role: Role;
  readonly liveRole: Role;
  readonly acceptance: Acceptance;
  readonly name?: string | undefined;
  readonly refusal?: AppError | undefined;
}

export const renderInvitation = (parts: InvitationParts): Promise<string> => {
  const { workspace, invitedBy, email, role, liveRole } = parts;
  return renderNarrow({
    title: parts.refusal ? `Not yet: join ${workspace}` : `Join ${workspace}`,
    heading: `Join ${workspace}`,
    text: (
      <>
        {invitedBy === undefined ? (
          "You are invited"
        ) : (
          <>
            <strong>{invitedBy}</strong> invites you
          </>
        )}{" "}
        as <strong>{role}</strong>
        {liveRole !== role && (
          <>
            , in <code>live</code> as <strong>{liveRole}</strong>
          </>
        )}
        . The invitation is for <strong>{email}</strong>.
      </>
    ),
    script: "people.js",
    children: (
      <>
        <Accept {...parts} />
        <AnotherInvitation />
      </>
    ),
  });
};

/** The link of another invitation may be opened where this page is: the script sends it from here. */
const AnotherInvitation = () => (
  <form method="post" action="/invitation" hidden>
    <input type="text" name="token" data-fragment="send" />
  </form>
);

function Accept(parts: InvitationParts) {
  const { acceptance, workspace, email, refusal } = parts;
  const whole = refusal && (
    <Notice tone="bad" title="That did not work." isAlert>
      {refusal.message}
    </Notice>
  );
  switch (acceptance.by) {
    case "new":
      return <AcceptAsNew {...parts} acceptance={acceptance} />;
    case "sign-in":
      return (
        <>
          {whole}
          <div class="actions">
            <ButtonLink kind="primary" href="/sign-in?next=%2Finvitation">
              Sign in to accept
            </ButtonLink>
          </div>
          <p class="aside">
            There is an account with this address. Sign in as it within ten minutes and you come back here.
          </p>
        </>
      );
    case "me":
      return (
        <>
          {whole}
          <PressForm action="/invitation/join" csrf={acceptance.csrf} label={`Join ${workspace}`} kind="primary" />
          <p class="aside">You are signed in as {email}.</p>
        </>
      );
    case "other":
      return (
        <>
          <Notice tone="warn" title={`You are signed in as ${acceptance.email}.`}>
            Sign out, then open the link of the mail again.
          </Notice>
          <PressForm action="/sign-out" csrf={acceptance.csrf} label="Sign out" />
        </>
      );
  }
}

function AcceptAsNew({
  acceptance,
  workspace,
  email,
  name,
  refusal,
}: InvitationParts & { readonly acceptance: Extract<Acceptance, { readonly by: "new" }> }) {
  const { byField, general } = faultsOf(refusal, ACCEPT_FIELDS);
  const { providerName, isProviderRequired } = acceptance;
  const through = providerName !== undefined && (
    <div class="provider">
      <ButtonLink
        kind={isProviderRequired ? "primary" : "plain"}
        icon="key"
        href="/v1/auth/oidc/start?next=%2Finvitation"
      >
        Sign in through {providerName} to accept
      </ButtonLink>
      {!isProviderRequired && <p class="or">or with a password</p>}
    </div>
  );
  if (isProviderRequired) return <>{through}</>;
  return (
    <>
      {through}
      <Form action="/invitation/accept" fault={general} isCard>
        <Field id="email" label="E-mail address" value={email} autocomplete="username" readOnly />
        <Field
          id="name"
          label="Your name"
          help="As the others in the workspace see it."
          value={name}
          fault={byField.get("name")}
          required={false}
          autocomplete="name"
          maxLength={100}
          autofocus={!byField.has("password")}
        />
        <PasswordField
          id="password"
          label="Password"
          help={`At least ${PASSWORD_CHARACTERS_MIN} characters. A few words in a row do well.`}
          fault={byField.get("password")}
          autocomplete="new-password"
          minLength={PASSWORD_CHARACTERS_MIN}
          autofocus={byField.has("password")}
        />
        <Button type="submit" kind="primary">
          Join {workspace}
        </Button>
      </Form>
    </>
  );
}
