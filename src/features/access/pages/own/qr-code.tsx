/** @jsxImportSource preact */
import { encode } from "uqr";

/** What readers need around it (ISO/IEC 18004): four modules of nothing. */
const QUIET = 4;

/** One row after the other: each run of dark modules is a rectangle. */
function pathOf(rows: readonly (readonly boolean[])[]): string {
  let path = "";
  for (const [y, row] of rows.entries()) {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const start = x;
      while (row[x + 1]) x++;
      path += `M${start + QUIET} ${y + QUIET}h${x + 1 - start}v1H${start + QUIET}z`;
    }
  }
  return path;
}

/** Dark on light in either scheme: many readers know nothing else. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { data, size } = encode(text, { ecc: "L", border: 0 });
  const whole = size + 2 * QUIET;
  return (
    <svg
      class="qr scheme-light"
      viewBox={`0 0 ${whole} ${whole}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <path class="qr-light" d={`M0 0h${whole}v${whole}H0z`} />
      <path class="qr-dark" d={pathOf(data)} />
    </svg>
  );
}
