/** @jsxImportSource preact */
import { type FieldFrame, Frame, tied } from "./field.tsx";

export interface PasswordFieldProps extends FieldFrame {
  readonly name?: string;
  /** Which of them it is, so that password managers offer the right one. */
  readonly autocomplete: "current-password" | "new-password" | "off";
  readonly required?: boolean;
  readonly minLength?: number;
  readonly autofocus?: boolean;
}

const CHARACTERS_MAX = 1_000;

/** What is typed can be looked at: a long one is not typed blindly twice. It never has a value of ours. */
export function PasswordField({
  id,
  label,
  help,
  fault,
  name = id,
  required = true,
  autocomplete,
  minLength,
  autofocus,
}: PasswordFieldProps) {
  const frame = { id, label, help, fault };
  return (
    <Frame frame={frame} isOptional={!required}>
      <div class="field-with">
        <input
          type="password"
          id={id}
          name={name}
          required={required}
          autocomplete={autocomplete}
          autocapitalize="none"
          spellcheck={false}
          minLength={minLength}
          maxLength={CHARACTERS_MAX}
          autofocus={autofocus}
          {...tied(frame)}
        />
        <button class="field-press needs-script" type="button" data-reveal={id} aria-label="Show what is typed">
          Show
        </button>
      </div>
    </Frame>
  );
}
