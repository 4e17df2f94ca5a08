/** @jsxImportSource preact */
import { Button, ButtonLink } from "../../../../../static/ui/button.tsx";
import { CopyButton } from "../../../../../static/ui/code-block.tsx";
import { Field } from "../../../../../static/ui/field.tsx";
import { Form, FormActions } from "../../../../../static/ui/form.tsx";
import { Notice } from "../../../../../static/ui/notice.tsx";
import { PasswordField } from "../../../../../static/ui/password-field.tsx";
import { faultsOf } from "../../../../http/site-form.ts";
import { CONFIRM_FACTOR_FIELDS, REMOVE_FACTOR_FIELDS } from "../fields.ts";
import { PressForm, WhosePassword } from "../frame.tsx";
import type { Visit } from "../visit.ts";
import { type Parts, renderFormPage, Save } from "./form-page.tsx";
import { QrCode } from "./qr-code.tsx";

/** What a second factor is, before a secret is made. */
export const renderFactorBegin = ({ visit, refusal }: Parts): Promise<string> =>
  renderFormPage({
    visit,
    refusal,
    title: "Set up a second factor",
    text: "Besides the password, a code of an app on your phone is asked for from then on.",
    children: (
      <div class="card form">
        {refusal && (
          <Notice tone="bad" title="That did not work." isAlert>
            {refusal.message}
          </Notice>
        )}
        <ol class="ways">
          <li>Have an authenticator app at hand; any that knows time-based codes will do.</li>
          <li>Scan the code that comes next, and type what the app shows.</li>
          <li>Keep ten recovery codes, for the day when the phone is gone.</li>
        </ol>
        <div class="actions">
          <PressForm action="/me/second-factor/begin" csrf={visit.csrf} label="Begin" kind="primary" />
          <ButtonLink href="/me">Not now</ButtonLink>
        </div>
      </div>
    ),
  });

export interface OfferedFactor {
  readonly secret: string;
  readonly uri: string;
}

/** As people type it: in fours. */
const inFours = (secret: string): string => secret.match(/.{1,4}/g)?.join(" ") ?? secret;

export const renderFactorOffer = ({
  visit,
  offer: { secret, uri },
  refusal,
}: Parts & { readonly offer: OfferedFactor }): Promise<string> => {
  const { byField, general } = faultsOf(refusal, CONFIRM_FACTOR_FIELDS, { unauthenticated: "code" });
  return renderFormPage({
    visit,
    refusal,
    title: "Set up a second factor",
    text: "Scan it with the authenticator app, then type the six digits that the app shows.",
    children: (
      <Form action="/me/second-factor/confirm" csrf={visit.csrf} fault={general} isCard>
        <div class="scan">
          <QrCode text={uri} label="The secret for your authenticator app, as a QR code" />
          <div class="scan-else">
            <p>
              No camera? Type this key into the app, or <a href={uri}>open the app on this device</a>.
            </p>
            <p class="scan-key">
              <code id="factor-secret">{inFours(secret)}</code>
              <CopyButton of="factor-secret" label="the key" />
            </p>
          </div>
        </div>
        <Field
          id="code"
          label="Code"
          help="It counts from the first right code on."
          fault={byField.get("code")}
          autocomplete="one-time-code"
          inputMode="numeric"
          autocapitalize="none"
          spellcheck={false}
          maxLength={64}
          autofocus
        />
        <Save>Turn it on</Save>
      </Form>
    ),
  });
};

/** Shown this once. */
export const renderRecoveryCodes = ({
  visit,
  codes,
}: {
  readonly visit: Visit;
  readonly codes: readonly string[];
}): Promise<string> =>
  renderFormPage({
    visit,
    title: "Keep your recovery codes",
    text: (
      <>
        The second factor is on. When the phone is gone, one of these stands in for its code, each once.{" "}
        <strong>They are shown this once</strong>: put them where you keep papers, or into your password manager.
      </>
    ),
    children: (
      <section class="card form" aria-label="Recovery codes">
        <pre class="codes" id="recovery-codes">
          {codes.join("\n")}
        </pre>
        <div class="actions">
          <ButtonLink href="/me" kind="primary">
            I have kept them
          </ButtonLink>
          <CopyButton of="recovery-codes" label="all recovery codes" />
        </div>
      </section>
    ),
  });

export const renderFactorRemoval = ({
  visit,
  hasPassword,
  refusal,
}: Parts & { readonly hasPassword: boolean }): Promise<string> => {
  const { byField, general } = faultsOf(refusal, REMOVE_FACTOR_FIELDS, {
    unauthenticated: hasPassword ? "password" : "code",
  });
  return renderFormPage({
    visit,
    refusal,
    title: "Remove the second factor",
    text: "The recovery codes go with it, and your other sessions end. A workspace may ask your role for a factor: then you enter it with another one only.",
    children: (
      <Form action="/me/second-factor/remove" csrf={visit.csrf} fault={general} isCard>
        <WhosePassword email={visit.email} />
        {hasPassword ? (
          <PasswordField
            id="password"
            label="Your password"
            fault={byField.get("password")}
            autocomplete="current-password"
            autofocus
          />
        ) : (
          <Field
            id="code"
            label="Code of the app"
            fault={byField.get("code")}
            autocomplete="one-time-code"
            inputMode="numeric"
            maxLength={64}
            autofocus
          />
        )}
        <FormActions>
          <Button type="submit" kind="danger">
            Remove the factor
          </Button>
          <ButtonLink href="/me">Keep it</ButtonLink>
        </FormActions>
      </Form>
    ),
  });
};
