/** @jsxImportSource preact */
export interface Phase {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Waiting of our own, finding the way, or the other side at work. */
  readonly kind: "own" | "way" | "other" | "bad";
}

export interface WaterfallProps {
  readonly label: string;
  readonly phases: readonly Phase[];
}

const milliseconds = (value: number): string =>
  value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value).toLocaleString("en")} ms`;

const MARGIN_SHARE = 0.4;

/** An attempt's phases, each where it began and as long as it took. A phase too short to be seen is still a sliver. */
export function Waterfall({ label, phases }: WaterfallProps) {
  const end = Math.max(1, ...phases.map(({ endMs }) => endMs));
  const share = (at: number): number => (100 * at) / end;
  return (
    <table class="waterfall">
      <caption class="unseen">{label}</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">Phase</th>
          <th scope="col">Where it lies</th>
          <th scope="col">How long</th>
        </tr>
      </thead>
      <tbody>
        {phases.map(({ name, startMs, endMs, kind }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="waterfall-track">
              <svg width="100%" height="8" aria-hidden="true" focusable="false">
                <rect class="waterfall-paper" width="100%" height="8" rx="4" />
                <rect
                  class={`waterfall-${kind}`}
                  x={`${Math.min(share(startMs), 100 - MARGIN_SHARE).toFixed(2)}%`}
                  width={`${Math.max(share(endMs - startMs), MARGIN_SHARE).toFixed(2)}%`}
                  height="8"
                  rx="2"
                />
              </svg>
              <span class="unseen">begins after {milliseconds(startMs)}</span>
            </td>
            <td class="figure">{milliseconds(endMs - startMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
