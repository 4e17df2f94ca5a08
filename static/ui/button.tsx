/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icons.tsx";

/** `primary` once on a page; `danger` for what destroys, with the verb in its text; `quiet` beside many of its kind. */
export type ButtonKind = "primary" | "plain" | "danger" | "quiet";

export interface ButtonLook {
  readonly kind?: ButtonKind;
  readonly icon?: IconName;
  readonly isSmall?: boolean;
  readonly children?: ComponentChildren;
  /** Where only an icon is shown: what it does. */
  readonly label?: string;
}

export interface ButtonProps extends ButtonLook {
  readonly type?: "button" | "submit";
  readonly id?: string;
  readonly name?: string;
  readonly value?: string;
  readonly isDisabled?: boolean;
  /** At work: stays where it is, says so, takes no second click. */
  readonly isBusy?: boolean;
  readonly isPressed?: boolean;
  readonly onClick?: () => void;
  /** The id of the dialog that it opens or closes; works without our script where the browser knows invokers. */
  readonly opens?: string;
  readonly closes?: string;
  /** Ends a dialog whatever its form holds. */
  readonly formMethod?: "dialog";
}

const classOf = ({ kind = "plain", isSmall = false, label }: ButtonLook): string =>
  ["button", kind !== "plain" && `button-${kind}`, isSmall && "button-small", label !== undefined && "button-icon"]
    .filter(Boolean)
    .join(" ");

const Inside = ({ icon, children, label }: ButtonLook) => (
  <>
    {icon !== undefined && <Icon name={icon} />}
    {children}
    {label !== undefined && <span class="unseen">{label}</span>}
  </>
);

export function Button(props: ButtonProps) {
  const { type = "button", isBusy = false, isPressed, opens, closes, formMethod } = props;
  return (
    <button
      class={classOf(props)}
      type={type}
      id={props.id}
      name={props.name}
      value={props.value}
      disabled={props.isDisabled}
      aria-disabled={isBusy ? "true" : undefined}
      aria-busy={isBusy ? "true" : undefined}
      aria-pressed={isPressed}
      aria-haspopup={opens === undefined ? undefined : "dialog"}
      title={props.label}
      onClick={isBusy ? undefined : props.onClick}
      commandfor={opens ?? closes}
      command={opens !== undefined ? "show-modal" : closes !== undefined ? "close" : undefined}
      formMethod={formMethod}
      formNoValidate={formMethod === "dialog" ? true : undefined}
    >
      <Inside {...props} />
    </button>
  );
}

export interface ButtonLinkProps extends ButtonLook {
  readonly href: string;
}

/** Looks like a button and leads somewhere: what changes nothing is a link. */
export const ButtonLink = (props: ButtonLinkProps) => (
  <a class={classOf(props)} href={props.href} title={props.label}>
    <Inside {...props} />
  </a>
);
