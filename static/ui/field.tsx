/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Icon } from "./icons.tsx";

export interface FieldFrame {
  /** Unique on the page; the name that is sent, where no other is given. */
  readonly id: string;
  readonly label: ComponentChildren;
  readonly help?: ComponentChildren;
  /** What is wrong, in words that say what to do. */
  readonly fault?: string;
}

/** As the platform names them. */
interface Entry {
  readonly name?: string;
  readonly value?: string;
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly readOnly?: boolean;
  readonly autofocus?: boolean;
  readonly autocomplete?: string;
  readonly autocapitalize?: "none" | "sentences";
  readonly spellcheck?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly placeholder?: string;
}

export interface FieldProps extends FieldFrame, Entry {
  readonly type?: "text" | "email" | "password" | "url" | "number" | "date" | "time";
  readonly inputMode?: "numeric" | "decimal" | "url" | "email";
  readonly min?: number | string;
  readonly max?: number | string;
  readonly step?: number | "any";
  readonly pattern?: string;
}

const describedBy = ({ id, help, fault }: FieldFrame): string | undefined =>
  [fault !== undefined && `${id}-error`, help !== undefined && `${id}-help`].filter(Boolean).join(" ") || undefined;

/** What says of an entry that the words below it are about it. */
export const tied = (frame: FieldFrame) => ({
  "aria-describedby": describedBy(frame),
  "aria-invalid": frame.fault === undefined ? undefined : ("true" as const),
});

/** Below a field: what is wrong before what helps. */
const Below = ({ id, help, fault }: FieldFrame) => (
  <>
    {fault !== undefined && (
      <p class="field-error" id={`${id}-error`}>
        <Icon name="fault" size={14} />
        <span>{fault}</span>
      </p>
    )}
    {help !== undefined && (
      <p class="field-help" id={`${id}-help`}>
        {help}
      </p>
    )}
  </>
);

/** The label above an entry, and what is told below it: for entries that have more to them than `Field` knows. */
export const Frame = ({
  frame,
  isOptional = false,
  children,
}: {
  frame: FieldFrame;
  isOptional?: boolean;
  children: ComponentChildren;
}) => (
  <div class="field">
    <label for={frame.id}>
      {frame.label}
      {isOptional && <span class="field-optional"> optional</span>}
    </label>
    {children}
    <Below {...frame} />
  </div>
);

/** A field that need not be filled in says so; most must. */
export function Field({ id, label, help, fault, type = "text", name = id, required = true, ...given }: FieldProps) {
  const frame = { id, label, help, fault };
  return (
    <Frame frame={frame} isOptional={!required}>
      {/* The types part the kinds by their roles, and no role is given here. */}
      <input {...given} type={type as "text"} id={id} name={name} required={required} {...tied(frame)} />
    </Frame>
  );
}

export interface TextAreaProps extends FieldFrame, Entry {
  readonly rows?: number;
  readonly isCode?: boolean;
}

export function TextArea({
  id,
  label,
  help,
  fault,
  name = id,
  required = true,
  rows = 4,
  isCode,
  ...given
}: TextAreaProps) {
  const frame = { id, label, help, fault };
  return (
    <Frame frame={frame} isOptional={!required}>
      <textarea
        {...given}
        class={isCode ? "field-code" : undefined}
        id={id}
        name={name}
        required={required}
        rows={rows}
        spellcheck={isCode ? false : undefined}
        {...tied(frame)}
      />
    </Frame>
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
  readonly isDisabled?: boolean;
}

export interface SelectProps extends FieldFrame, Pick<Entry, "name" | "value" | "required" | "disabled"> {
  readonly options: readonly Option[];
}

/** The platform's own list: it works everywhere and by every means. */
export function Select({ id, label, help, fault, name = id, required = true, options, value, ...given }: SelectProps) {
  const frame = { id, label, help, fault };
  return (
    <Frame frame={frame} isOptional={!required}>
      <div class="select">
        <select {...given} id={id} name={name} required={required} value={value} {...tied(frame)}>
          {options.map((option) => (
            <option key={option.value} value={option.value} disabled={option.isDisabled}>
              {option.label}
            </option>
          ))}
        </select>
        <Icon name="down" />
      </div>
    </Frame>
  );
}

export interface CheckProps extends FieldFrame {
  readonly name?: string;
  readonly value?: string;
  readonly isChecked?: boolean;
  readonly isDisabled?: boolean;
}

export const Check = ({ name, value = "yes", isChecked, isDisabled, ...frame }: CheckProps) => (
  <div class="check">
    <input
      type="checkbox"
      id={frame.id}
      name={name ?? frame.id}
      value={value}
      defaultChecked={isChecked}
      disabled={isDisabled}
      {...tied(frame)}
    />
    <div>
      <label for={frame.id}>{frame.label}</label>
      <Below {...frame} />
    </div>
  </div>
);

export interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly options: readonly (Option & { readonly help?: string })[];
  readonly fault?: string;
}

/** One of a few, all in sight. */
export function Choice({ name, label, value, options, fault }: ChoiceProps) {
  return (
    <fieldset class="field" aria-describedby={fault === undefined ? undefined : `${name}-error`}>
      <legend>{label}</legend>
      {options.map((option) => (
        <div class="check" key={option.value}>
          <input
            type="radio"
            id={`${name}-${option.value}`}
            name={name}
            value={option.value}
            defaultChecked={option.value === value}
            disabled={option.isDisabled}
            aria-describedby={option.help === undefined ? undefined : `${name}-${option.value}-help`}
          />
          <div>
            <label for={`${name}-${option.value}`}>{option.label}</label>
            <Below id={`${name}-${option.value}`} label="" help={option.help} />
          </div>
        </div>
      ))}
      {fault !== undefined && <Below id={name} label="" fault={fault} />}
    </fieldset>
  );
}
