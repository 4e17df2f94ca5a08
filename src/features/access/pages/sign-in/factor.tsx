/** @jsxImportSource preact */
import { Button } from "../../../../../static/ui/button.tsx";
import { Field } from "../../../../../static/ui/field.tsx";
import { Form } from "../../../../../static/ui/form.tsx";
import { faultsOf } from "../../../../http/site-form.ts";
import type { AppError } from "../../../../kernel/errors.ts";
import { FACTOR_FIELDS } from "../fields.ts";
import { renderNarrow } from "../frame.tsx";

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
