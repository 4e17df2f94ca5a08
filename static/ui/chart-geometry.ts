/** Pure: from values to places, in shares of the drawing's width and height. */
export interface Scale {
  /** From 0 up to at least the highest value, in round steps. */
  readonly ticks: readonly number[];
  readonly top: number;
}

const STEPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
const PARTS = 3;

/** A few round steps that hold the highest value; whole ones where half a thing can't be. */
export function scaleOf(highest: number, isWhole: boolean): Scale {
  if (!(highest > 0)) return { ticks: [0, 1], top: 1 };
  const rough = highest / PARTS;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const round = (STEPS.find((step) => step * magnitude >= rough * (1 - 1e-9)) ?? 10) * magnitude;
  const step = isWhole ? Math.ceil(round - 1e-9) : round;
  const count = Math.ceil(highest / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
  return { ticks, top: ticks.at(-1) ?? 1 };
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** In percent; a missing value has no place. */
export const placesOf = (values: readonly (number | null)[], top: number): readonly (Place | null)[] =>
  values.map((value, index) =>
    value === null
      ? null
      : { x: values.length < 2 ? 50 : (100 * index) / (values.length - 1), y: 100 - (100 * value) / top },
  );

const round = (value: number): string => String(Math.round(value * 100) / 100);

/** Runs of values that are there: a gap is a gap, nothing is made up between its ends. */
function runsOf(places: readonly (Place | null)[]): Place[][] {
  const runs: Place[][] = [[]];
  for (const place of places) {
    if (place === null) runs.push([]);
    else runs.at(-1)?.push(place);
  }
  return runs.filter((run) => run.length > 0);
}

const through = (run: readonly Place[]): string => run.map(({ x, y }) => `${round(x)} ${round(y)}`).join("L");

export const linePath = (places: readonly (Place | null)[]): string =>
  runsOf(places)
    .map((run) => `M${through(run)}`)
    .join("");

export const areaPath = (places: readonly (Place | null)[]): string =>
  runsOf(places)
    .map((run) => `M${round(run[0]?.x ?? 0)} 100L${through(run)}L${round(run.at(-1)?.x ?? 0)} 100Z`)
    .join("");

/** Which value a share of the width is nearest to. */
export const nearestIndex = (share: number, count: number): number =>
  Math.min(count - 1, Math.max(0, Math.round(share * (count - 1))));
