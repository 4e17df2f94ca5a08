/** @jsxImportSource preact */
import { Button } from "../../static/ui/button.tsx";
import { Field, type FieldProps } from "../../static/ui/field.tsx";
import { Form } from "../../static/ui/form.tsx";
import { Mark } from "../../static/ui/mark.tsx";
import { Notice } from "../../static/ui/notice.tsx";
import type { AppError } from "../kernel/errors.ts";
import { faultsOf, SETUP_FIELDS, type SetupField, type SetupForm } from "./site-form.ts";
import { renderPage } from "./site-page.tsx";

type FieldText = Omit<FieldProps, "id" | "fault" | "value">;

/** Never sent back, not even to who typed them. */
const SECRETS: ReadonlySet<SetupField> = new Set(["token", "password"]);

const fieldTexts = (passwordCharactersMin: number): Readonly<Record<SetupField, FieldText>> => ({
  token: {
    label: "One-time token",
    help: "It was printed in the terminal when the server first started. Without a terminal it is in a file of the data folder, and the log says where.",
    autocomplete: "one-time-code",
    autocapitalize: "none",
    spellcheck: false,
  },
  email: {
    label: "Your e-mail address",
    help: "You become the operator of this installation and sign in with it.",
    type: "email",
    autocomplete: "username",
    maxLength: 254,
  },
  password: {
    label: "Password",
    help: `At least ${passwordCharactersMin} characters. A few words in a row do well.`,
    type: "password",
    autocomplete: "new-password",
    minLength: passwordCharactersMin,
    maxLength: 1000,
  },
  workspace: {
    label: "Name of the workspace",
    help: "The company or application whose events come in. It can be changed later.",
    autocomplete: "organization",
    maxLength: 100,
  },
});

export interface SetupPageParts {
  readonly form: SetupForm;
  readonly refusal: AppError | undefined;
  /** Token and password would cross the network readable. */
  readonly isExposed: boolean;
  readonly passwordCharactersMin: number;
}

export function renderSetup({ form, refusal, isExposed, passwordCharactersMin }: SetupPageParts): Promise<string> {
  const texts = fieldTexts(passwordCharactersMin);
  // A refused credential is the token: this form has no other.
  const { byField, general } = faultsOf(refusal, SETUP_FIELDS, { unauthenticated: "token" });
  const firstFault = SETUP_FIELDS.find((field) => byField.has(field));
  return renderPage({
    title: refusal ? "Not yet: set up Hatch" : "Set up Hatch",
    description: "Claim this installation of Hatch.",
    styles: ["setup.css"],
    body: (
      <main id="main" class="narrow" tabIndex={-1}>
        <header>
          <Mark size={44} />
          <h1>Set up this installation</h1>
          <p>Nobody has claimed it yet. Whoever holds its one-time token can do so, once.</p>
        </header>
        {isExposed && (
          <Notice tone="warn" title="This page came without encryption.">
            What you type can be read on the way. Reach it over https, or from the machine itself, if you can.
          </Notice>
        )}
        <Form action="/setup" fault={general} isCard>
          {SETUP_FIELDS.map((field) => (
            <Field
              key={field}
              {...texts[field]}
              id={field}
              value={SECRETS.has(field) ? undefined : form[field]}
              fault={byField.get(field)}
              autofocus={field === firstFault}
            />
          ))}
          <Button type="submit" kind="primary">
            Claim this installation
          </Button>
        </Form>
        <p class="aside">
          Rather in a terminal? <code>hatch setup --help</code> does the same.
        </p>
      </main>
    ),
  });
}
