/** @jsxImportSource preact */
export interface WrittenProps {
  /** Made by this server a moment ago from what is escaped already. */
  readonly markup: string;
  readonly class?: string;
}

/** The one place where markup enters a page as it is. */
export const Written = ({ markup, class: className }: WrittenProps) => (
  <div class={className} dangerouslySetInnerHTML={{ __html: markup }} />
);
