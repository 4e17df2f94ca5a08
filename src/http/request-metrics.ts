import type { Metrics } from "../kernel/metrics.ts";

/** Seconds. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface RouteSeries {
  readonly durations: { observe(value: number): void };
  readonly byStatus: Map<number, { add(amount?: number): void }>;
}

/** Counts answers by route pattern and class of status: never by path, which callers make up. */
export function createRequestMetrics(metrics: Metrics): (route: string, status: number, durationMs: number) => void {
  const requests = metrics.counter("http_requests_total", "Requests answered, by route and class of status.");
  const durations = metrics.histogram(
    "http_request_duration_seconds",
    "Time to the answer's headers, by route.",
    DURATIONS,
  );
  const routes = new Map<string, RouteSeries>();
  return (route, status, durationMs) => {
    let series = routes.get(route);
    if (!series) {
      series = { durations: durations.with({ route }), byStatus: new Map() };
      routes.set(route, series);
    }
    const statusClass = Math.floor(status / 100);
    let count = series.byStatus.get(statusClass);
    if (!count) {
      count = requests.with({ route, status: `${statusClass}xx` });
      series.byStatus.set(statusClass, count);
    }
    count.add();
    series.durations.observe(durationMs / 1_000);
  };
}
