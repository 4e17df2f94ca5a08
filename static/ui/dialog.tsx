/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Button } from "./button.tsx";

export interface DialogProps {
  readonly id: string;
  /** Names the thing: "Delete the endpoint crm.riverside.example". */
  readonly title: ComponentChildren;
  readonly children: ComponentChildren;
  /** What one can do, the way out last. */
  readonly actions: ComponentChildren;
  /** Where a script is missing the page itself comes with the dialog open. */
  readonly isOpen?: boolean;
}

/** The platform's own: it keeps the focus inside, Escape closes it, and the focus goes back to where it came from. */
export const Dialog = ({ id, title, children, actions, isOpen }: DialogProps) => (
  <dialog class="dialog" id={id} aria-labelledby={`${id}-title`} open={isOpen}>
    <h2 id={`${id}-title`}>{title}</h2>
    <div class="dialog-body">{children}</div>
    <div class="actions">{actions}</div>
  </dialog>
);

export interface ConfirmProps {
  readonly id: string;
  readonly title: string;
  /** What will happen, and what will not. */
  readonly children: ComponentChildren;
  /** What is posted to. */
  readonly action: string;
  readonly csrf?: string;
  /** The button repeats the verb and the thing: "Delete the endpoint". */
  readonly verb: string;
  readonly isDestructive?: boolean;
  /** To be typed first, for what can't be undone: the thing's own name. */
  readonly typed?: string;
  /** Where "Keep it" leads when the dialog came with the page. */
  readonly backHref?: string;
  readonly isOpen?: boolean;
}

/** Asks before something happens. It posts a plain form, so the server decides whether it was really asked. */
export const Confirm = ({
  id,
  title,
  children,
  action,
  csrf,
  verb,
  isDestructive = true,
  typed,
  backHref,
  isOpen,
}: ConfirmProps) => (
  <dialog class="dialog" id={id} aria-labelledby={`${id}-title`} open={isOpen}>
    <form method="post" action={action} data-once="">
      {csrf !== undefined && <input type="hidden" name="csrf" value={csrf} />}
      <h2 id={`${id}-title`}>{title}</h2>
      <div class="dialog-body">
        {children}
        {typed !== undefined && (
          <div class="field">
            <label for={`${id}-typed`}>
              Type <code>{typed}</code> to go on
            </label>
            <input
              id={`${id}-typed`}
              name="typed"
              required
              autocomplete="off"
              spellcheck={false}
              pattern={escapePattern(typed)}
              title={`Type ${typed}`}
            />
          </div>
        )}
      </div>
      <div class="actions">
        <Button type="submit" kind={isDestructive ? "danger" : "primary"}>
          {verb}
        </Button>
        {backHref !== undefined && isOpen ? (
          <a class="button" href={backHref}>
            Keep it
          </a>
        ) : (
          <Button type="submit" formMethod="dialog">
            {isDestructive ? "Keep it" : "Not now"}
          </Button>
        )}
      </div>
    </form>
  </dialog>
);

/** For the platform's own patterns, which refuse an escape that is not needed. */
const escapePattern = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
