/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { CodeBlock } from "./code-block.tsx";

export interface EmptyStateProps {
  /** What this is: "Deliveries". */
  readonly title: ComponentChildren;
  /** Why it is empty. */
  readonly children: ComponentChildren;
  /** The one next step, as a command. */
  readonly command?: { readonly id: string; readonly label: string; readonly text: ComponentChildren };
  readonly action?: ComponentChildren;
}

export const EmptyState = ({ title, children, command, action }: EmptyStateProps) => (
  <div class="empty">
    <h3>{title}</h3>
    <p>{children}</p>
    {command !== undefined && (
      <CodeBlock caption="Terminal" id={command.id} label={command.label}>
        {command.text}
      </CodeBlock>
    )}
    {action !== undefined && <div class="actions">{action}</div>}
  </div>
);
