/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Notice } from "./notice.tsx";

export interface FormProps {
  readonly action: string;
  readonly children: ComponentChildren;
  /** For sessions in a cookie: sent along as the field `csrf`, and compared by whoever reads the form. */
  readonly csrf?: string;
  /** What is wrong that belongs to no field. */
  readonly fault?: string;
  readonly isCard?: boolean;
  readonly id?: string;
}

/**
 * Works without a script: it posts, and the page comes back with what was typed and what is wrong beside each field.
 * With one, a second click while the first is on its way is not sent.
 */
export const Form = ({ action, children, csrf, fault, isCard = false, id }: FormProps) => (
  <form class={isCard ? "card form" : "form"} method="post" action={action} accept-charset="utf-8" id={id} data-once="">
    {csrf !== undefined && <input type="hidden" name="csrf" value={csrf} />}
    {fault !== undefined && (
      <Notice tone="bad" title="That did not work." isAlert>
        {fault}
      </Notice>
    )}
    {children}
  </form>
);

export const FormActions = ({ children }: { readonly children: ComponentChildren }) => (
  <div class="actions form-actions">{children}</div>
);
