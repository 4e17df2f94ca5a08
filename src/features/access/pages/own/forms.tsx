/** @jsxImportSource preact */
import { Button } from "../../../../../static/ui/button.tsx";
import { Field } from "../../../../../static/ui/field.tsx";
import { Form } from "../../../../../static/ui/form.tsx";
import { PasswordField } from "../../../../../static/ui/password-field.tsx";
import { faultsOf } from "../../../../http/site-form.ts";
import { PASSWORD_CHARACTERS_MIN } from "../../types.ts";
import { EMAIL_FIELDS, NAME_FIELDS, PASSWORD_FIELDS } from "../fields.ts";
import { PressForm, renderNarrow, WhosePassword } from "../frame.tsx";
import { type Parts, renderFormPage, Save } from "./form-page.tsx";

const NEW_PASSWORD = `At least ${PASSWORD_CHARACTERS_MIN} characters. A few words in a row do well.`;

export const renderName = ({
  visit,
  name,
  refusal,
}: Parts & { readonly name: string | undefined }): Promise<string> => {
  const { byField, general } = faultsOf(refusal, NAME_FIELDS);
  return renderFormPage({
    visit,
    refusal,
    title: "Change the name",
    text: "Others in your workspaces see it beside what you do.",
    children: (
      <Form action="/me/name" csrf={visit.csrf} fault={general} isCard>
        <Field
          id="name"
          label="Your name"
          value={name}
          fault={byField.get("name")}
          required={false}
          autocomplete="name"
          maxLength={100}
          autofocus
        />
        <Save>Keep the name</Save>
      </Form>
    ),
  });
};

export const renderEmail = ({
  visit,
  email,
  hasPassword,
  refusal,
}: Parts & { readonly email: string | undefined; readonly hasPassword: boolean }): Promise<string> => {
  const { byField, general } = faultsOf(refusal, EMAIL_FIELDS, { unauthenticated: "password" });
  return renderFormPage({
    visit,
    refusal,
    title: "Change the address",
    text: "A link goes to the address you have and one to the new one. When both were used, within a day, it changes.",
    children: (
      <Form action="/me/email" csrf={visit.csrf} fault={general} isCard>
        <WhosePassword email={visit.email} />
        <Field
          id="email"
          type="email"
          label="New e-mail address"
          help={`You have ${visit.email} now.`}
          value={email}
          fault={byField.get("email")}
          autocomplete="email"
          maxLength={254}
          autofocus={!byField.has("password")}
        />
        {hasPassword && (
          <PasswordField
            id="password"
            label="Your password"
            fault={byField.get("password")}
            autocomplete="current-password"
            autofocus={byField.has("password")}
          />
        )}
        <Save>Send the links</Save>
      </Form>
    ),
  });
};

export const renderPassword = ({ visit, refusal }: Parts): Promise<string> => {
  const { byField, general } = faultsOf(refusal, PASSWORD_FIELDS, { unauthenticated: "current" });
  return renderFormPage({
    visit,
    refusal,
    title: "Change the password",
    text: "Your other sessions end with it; this one goes on.",
    children: (
      <Form action="/me/password" csrf={visit.csrf} fault={general} isCard>
        <WhosePassword email={visit.email} />
        <PasswordField
          id="current"
          label="Current password"
          fault={byField.get("current")}
          autocomplete="current-password"
          autofocus={!byField.has("password")}
        />
        <PasswordField
          id="password"
          label="New password"
          help={NEW_PASSWORD}
          fault={byField.get("password")}
          autocomplete="new-password"
          minLength={PASSWORD_CHARACTERS_MIN}
          autofocus={byField.has("password")}
        />
        <Save>Change the password</Save>
      </Form>
    ),
  });
};

/** Before anything else, for whoever came in with a password that somebody handed to them. */
export const renderMustSet = ({ visit, refusal }: Parts): Promise<string> => {
  const { byField, general } = faultsOf(refusal, PASSWORD_FIELDS, { unauthenticated: "current" });
  return renderNarrow({
    title: refusal ? "Not yet: a password of your own" : "Set a password of your own",
    heading: "Set a password of your own",
    text: "You came in with a one-time password. It opens nothing but this page.",
    children: (
      <>
        <Form action="/set-password" csrf={visit.csrf} fault={general} isCard>
          <WhosePassword email={visit.email} />
          <PasswordField
            id="current"
            label="One-time password"
            help="The one that you were given, once more."
            fault={byField.get("current")}
            autocomplete="current-password"
            autofocus={!byField.has("password")}
          />
          <PasswordField
            id="password"
            label="New password"
            help={NEW_PASSWORD}
            fault={byField.get("password")}
            autocomplete="new-password"
            minLength={PASSWORD_CHARACTERS_MIN}
            autofocus={byField.has("password")}
          />
          <Button type="submit" kind="primary">
            Set the password
          </Button>
        </Form>
        <PressForm action="/sign-out" csrf={visit.csrf} label="Sign out" kind="quiet" isSmall />
      </>
    ),
  });
};
