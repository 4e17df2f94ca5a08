/** @jsxImportSource preact */
import { useSignal } from "@preact/signals";
import { areaPath, linePath, nearestIndex, type Place, placesOf, scaleOf } from "./chart-geometry.ts";
import { createIsland } from "./island.tsx";

export interface Series {
  readonly name: string;
  /** One for each label; null where nothing was measured. */
  readonly values: readonly (number | null)[];
  /** Two at most have a colour of their own; what is only there to compare is faint. */
  readonly tone: "accent" | "bad" | "faint";
}

export interface ChartProps {
  readonly id: string;
  /** What is drawn, with its unit and window: "Events per half hour, last 24 hours". */
  readonly label: string;
  /** What the horizontal axis holds: "Time". */
  readonly axis: string;
  /** The name of each place: "14:00". */
  readonly labels: readonly string[];
  readonly series: readonly Series[];
}

const shown = (value: number | null | undefined): string =>
  value === null || value === undefined ? "no data" : value.toLocaleString("en");

/** A few of the labels, evenly, the first and the last among them. */
function sparse(labels: readonly string[], count: number): readonly string[] {
  if (labels.length <= count) return labels;
  return Array.from(
    { length: count },
    (_, index) => labels[Math.round((index * (labels.length - 1)) / (count - 1))] ?? "",
  );
}

const Lines = ({ series, places }: { series: readonly Series[]; places: readonly (readonly (Place | null)[])[] }) => (
  <svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%" aria-hidden="true">
    {series.map(({ name, tone }, index) => (
      <g key={name} class={`chart-${tone}`}>
        {index === 0 && <path class="chart-area" d={areaPath(places[index] ?? [])} />}
        <path class="chart-line" d={linePath(places[index] ?? [])} vector-effect="non-scaling-stroke" />
      </g>
    ))}
  </svg>
);

const Sample = ({ tone }: Pick<Series, "tone">) => (
  <svg class={`chart-sample chart-${tone}`} width="18" height="8" aria-hidden="true" focusable="false">
    <path class="chart-line" d="M0 4H18" />
  </svg>
);

const Behind = ({ label, axis, labels, series }: ChartProps) => (
  <details class="chart-table">
    <summary>The same as a table</summary>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls */}
    {/* biome-ignore lint/a11y/useSemanticElements: a section of its own would stand in the outline */}
    <div class="table" role="group" aria-label={label} tabIndex={0}>
      <table>
        <caption class="unseen">{label}</caption>
        <thead>
          <tr>
            <th scope="col">{axis}</th>
            {series.map(({ name }) => (
              <th key={name} scope="col" class="figure">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {labels.map((at, index) => (
            <tr key={at}>
              <th scope="row">{at}</th>
              {series.map(({ name, values }) => (
                <td key={name} class="figure">
                  {shown(values[index])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </details>
);

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -6,
  PageUp: 6,
};

function Drawing(props: ChartProps) {
  const { id, label, labels, series } = props;
  const at = useSignal<number | undefined>(undefined);
  const last = labels.length - 1;
  const known = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const { ticks, top } = scaleOf(Math.max(0, ...known), known.every(Number.isInteger));
  const places = series.map(({ values }) => placesOf(values, top));
  const index = at.value;
  const words = (place: number): string =>
    `${labels[place]}: ${series.map(({ name, values }) => `${shown(values[place])} ${name}`).join(", ")}`;

  const point = (event: PointerEvent): void => {
    const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    at.value = nearestIndex((event.clientX - left) / Math.max(1, width), labels.length);
  };
  const press = (event: KeyboardEvent): void => {
    const from = at.value ?? last;
    const to = event.key === "Home" ? 0 : event.key === "End" ? last : from + (STEPS[event.key] ?? Number.NaN);
    if (Number.isNaN(to)) return;
    event.preventDefault();
    at.value = Math.min(last, Math.max(0, to));
  };
  const x = index === undefined || last === 0 ? 50 : (100 * index) / last;

  return (
    <figure class="chart" id={id}>
      <figcaption class="chart-legend">
        {series.map(({ name, tone, values }) => (
          <span key={name}>
            <Sample tone={tone} />
            {name}
            <b>{shown(values[index ?? last])}</b>
          </span>
        ))}
        <span class="chart-at">{labels[index ?? last]}</span>
      </figcaption>
      <div class="chart-frame">
        <ol class="chart-ticks" aria-hidden="true">
          {ticks.toReversed().map((tick) => (
            <li key={tick}>{tick.toLocaleString("en")}</li>
          ))}
        </ol>
        {/* A slider in all but name: it walks over the values and says them. */}
        <div
          class="chart-plot"
          role="slider"
          tabIndex={0}
          aria-label={label}
          aria-orientation="horizontal"
          aria-valuemin={0}
          aria-valuemax={last}
          aria-valuenow={index ?? last}
          aria-valuetext={words(index ?? last)}
          onPointerMove={point}
          onPointerDown={point}
          onPointerLeave={() => {
            at.value = undefined;
          }}
          onKeyDown={press}
          onBlur={() => {
            at.value = undefined;
          }}
        >
          <svg width="100%" height="100%" aria-hidden="true" focusable="false">
            {ticks.map((tick) => (
              <line
                key={tick}
                class="chart-grid"
                x1="0"
                x2="100%"
                y1={`${100 - (100 * tick) / top}%`}
                y2={`${100 - (100 * tick) / top}%`}
              />
            ))}
            <Lines series={series} places={places} />
            {index !== undefined && <line class="chart-cursor" x1={`${x}%`} x2={`${x}%`} y1="0" y2="100%" />}
            {index !== undefined &&
              series.map(({ name, tone }, which) => {
                const place = places[which]?.[index];
                return place ? (
                  <circle key={name} class={`chart-dot chart-${tone}`} cx={`${place.x}%`} cy={`${place.y}%`} r="4" />
                ) : null;
              })}
          </svg>
        </div>
        <ol class="chart-labels" aria-hidden="true">
          {sparse(labels, 4).map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ol>
      </div>
      <Behind {...props} />
    </figure>
  );
}

/** Lines over time, drawn on the server; the browser adds the values under the pointer and by the arrow keys. */
export const Chart = createIsland<ChartProps>("chart", Drawing);
