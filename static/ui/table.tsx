/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Icon } from "./icons.tsx";

export interface Column<Row> {
  readonly key: string;
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Figures and states stand at the right. */
  readonly isFigure?: boolean;
  /** Takes the room that is left; what is too long for it ends in an ellipsis, and stands whole behind the row. */
  readonly grows?: boolean;
  /** Left out where there is no room: soon, or only on a phone. */
  readonly isMinor?: boolean | "phone";
}

export interface TableProps<Row> {
  /** What the table holds, for those who don't see where it stands. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The row is the link: j and k walk, Enter opens. */
  readonly hrefOf?: (row: Row) => string;
  /** In place of rows where there are none. */
  readonly empty?: ComponentChildren;
  /** More than fits beside each other on a desk: it scrolls sideways, and its head does not stay in sight. */
  readonly isWide?: boolean;
}

/** One line per row. The first cell names the row and holds its link, which reaches over the whole of it. */
export function Table<Row>({ caption, columns, rows, keyOf, hrefOf, empty, isWide = false }: TableProps<Row>) {
  if (rows.length === 0 && empty !== undefined) return <>{empty}</>;
  return (
    // Reached by keyboard, because it may have to be scrolled.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls
    // biome-ignore lint/a11y/useSemanticElements: a section of its own would stand in the outline
    <div class={isWide ? "table table-wide" : "table"} role="group" aria-label={caption} tabIndex={0}>
      <table data-rows={hrefOf === undefined ? undefined : "links"}>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" class={cellClass(column)}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column, index) => (
                <Cell
                  key={column.key}
                  column={column}
                  row={row}
                  href={index === 0 ? hrefOf?.(row) : undefined}
                  isName={index === 0}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const cellClass = ({ isFigure = false, grows = false, isMinor = false }: Look) =>
  [isFigure && "figure", grows && "grows", isMinor && (isMinor === "phone" ? "minor-phone" : "minor")]
    .filter(Boolean)
    .join(" ") || undefined;

type Look = Pick<Column<never>, "isFigure" | "grows" | "isMinor">;

function Cell<Row>({
  column,
  row,
  href,
  isName,
}: {
  column: Column<Row>;
  row: Row;
  href: string | undefined;
  isName: boolean;
}) {
  const content = column.cell(row);
  if (!isName) return <td class={cellClass(column)}>{content}</td>;
  return (
    <th scope="row" class={cellClass(column)}>
      {href === undefined ? (
        content
      ) : (
        <a class="row-link" href={href}>
          {content}
        </a>
      )}
    </th>
  );
}

export interface PaginationProps {
  /** What is shown, in words: "50 deliveries, newest first". */
  readonly shown: string;
  readonly newerHref?: string;
  readonly olderHref?: string;
  /** Where a page has two of them. */
  readonly label?: string;
}

export const Pagination = ({ shown, newerHref, olderHref, label = "Pages" }: PaginationProps) => (
  <nav class="pagination" aria-label={label}>
    <p>{shown}</p>
    <PageLink href={newerHref} rel="prev">
      <Icon name="left" />
      Newer
    </PageLink>
    <PageLink href={olderHref} rel="next">
      Older
      <Icon name="right" />
    </PageLink>
  </nav>
);

const PageLink = ({ href, rel, children }: { href: string | undefined; rel: string; children: ComponentChildren }) =>
  href === undefined ? (
    <span class="button button-off">{children}</span>
  ) : (
    <a class="button" href={href} rel={rel}>
      {children}
    </a>
  );
