/** Names and values of labels; keep the sets small, each combination is a series of its own. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(amount?: number, labels?: Labels): void;
  /** One of its series, for where it is counted too often to name it each time. */
  with(labels: Labels): { add(amount?: number): void };
}
export interface Histogram {
  observe(value: number, labels?: Labels): void;
  with(labels: Labels): { observe(value: number): void };
}

/** What the process counts of itself, in the Prometheus text format 0.0.4. */
export interface Metrics {
  /** `name` without the `hatch_` prefix; counters end in `_total`. */
  counter(name: string, help: string): Counter;
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  /** Asked at each scrape, and left out where it throws; an array gives one series for each of its entries. */
  gauge(name: string, help: string, read: () => GaugeReading | Promise<GaugeReading>): void;
  render(): Promise<string>;
}

export type GaugeReading = number | readonly { readonly labels: Labels; readonly value: number }[];

const escapeLabel = (value: string): string => value.replace(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`));

function series(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

const NO_LABELS: Labels = {};

export function createMetrics(): Metrics {
  const families = new Map<string, () => Promise<string[]>>();
  const register = (name: string, help: string, type: string, lines: (full: string) => Promise<string[]>): void => {
    const full = `hatch_${name}`;
    if (families.has(full)) throw new Error(`metric ${full} is defined twice`);
    families.set(full, async () => [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...(await lines(full))]);
  };
  return {
    counter(name, help) {
      const values = new Map<string, number>([["", 0]]);
      let labelled = false;
      register(name, help, "counter", async (full) =>
        [...values].filter(([key]) => key !== "" || !labelled).map(([key, value]) => `${full}${key} ${value}`),
      );
      const seriesOf = (labels: Labels): { add(amount?: number): void } => {
        const key = series(labels);
        if (key !== "") labelled = true;
        return { add: (amount = 1) => void values.set(key, (values.get(key) ?? 0) + amount) };
      };
      return { add: (amount = 1, labels = NO_LABELS) => seriesOf(labels).add(amount), with: seriesOf };
    },
    histogram(name, help, buckets) {
      const values = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>();
      register(name, help, "histogram", async (full) =>
        [...values.values()].flatMap((entry) => {
          let cumulative = 0;
          const lines = buckets.map((bound, index) => {
            cumulative += entry.counts[index] ?? 0;
            return `${full}_bucket${series({ ...entry.labels, le: String(bound) })} ${cumulative}`;
          });
          const own = series(entry.labels);
          return [
            ...lines,
            `${full}_bucket${series({ ...entry.labels, le: "+Inf" })} ${entry.count}`,
            `${full}_sum${own} ${entry.sum}`,
            `${full}_count${own} ${entry.count}`,
          ];
        }),
      );
      const seriesOf = (labels: Labels): { observe(value: number): void } => {
        const key = series(labels);
        const entry = values.get(key) ?? { labels, counts: buckets.map(() => 0), sum: 0, count: 0 };
        values.set(key, entry);
        return {
          observe(value) {
            const index = buckets.findIndex((bound) => value <= bound);
            if (index >= 0) entry.counts[index] = (entry.counts[index] ?? 0) + 1;
            entry.sum += value;
            entry.count += 1;
          },
        };
      };
      return { observe: (value, labels = NO_LABELS) => seriesOf(labels).observe(value), with: seriesOf };
    },
    gauge(name, help, read) {
      register(name, help, "gauge", async (full) => {
        const reading = await read();
        if (typeof reading === "number") return [`${full} ${reading}`];
        return reading.map(({ labels, value }) => `${full}${series(labels)} ${value}`);
      });
    },
    async render() {
      // What can't be read has no series: the others are wanted most when something is wrong.
      const blocks = await Promise.all([...families.values()].map((lines) => lines().catch(() => [])));
      return `${blocks.flat().join("\n")}\n`;
    },
  };
}
