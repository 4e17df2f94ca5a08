/** @jsxImportSource preact */
import { DEPTH_MAX, type FieldRow } from "./reference-schema.ts";
import { Inline } from "./reference-text.tsx";

export interface FieldTableProps {
  readonly rows: readonly FieldRow[];
  /** What the table holds, for those who can't see where it stands. */
  readonly caption: string;
  /** In an answer nothing is required of the reader. */
  readonly marksRequired: boolean;
}

/** A table of fields; nothing where there are none. */
export const FieldTable = ({ rows, caption, marksRequired }: FieldTableProps) =>
  rows.length > 0 ? (
    <table class="fields">
      <caption class="unseen">{caption}</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <Row key={index} row={row} isMarked={marksRequired && row.required} />
        ))}
      </tbody>
    </table>
  ) : null;

const Row = ({ row, isMarked }: { readonly row: FieldRow; readonly isMarked: boolean }) => (
  <tr class={`depth-${Math.min(row.depth, DEPTH_MAX)}`}>
    <th scope="row">
      <code>{row.name}</code>
      <span class="type">
        {row.type}
        {isMarked && (
          <>
            {" "}
            <b>required</b>
          </>
        )}
      </span>
    </th>
    <td>
      {row.description !== "" && (
        <span>
          <Inline text={row.description} />
        </span>
      )}
      {row.limits.length > 0 && (
        <span class="limits">
          <Inline text={row.limits.join("; ")} />
        </span>
      )}
    </td>
  </tr>
);

/** A table longer than this begins folded: it would push the next operation out of sight. */
export const FoldedFields = ({ openRowsMax, ...table }: FieldTableProps & { readonly openRowsMax: number }) =>
  table.rows.length > 0 ? (
    <details open={table.rows.length <= openRowsMax}>
      <summary>
        {table.rows.length === 1 ? "1 field" : `${table.rows.length} fields`}
        <span class="unseen">: {table.caption}</span>
      </summary>
      <FieldTable {...table} />
    </details>
  ) : null;
