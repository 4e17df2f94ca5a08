import type { Context } from "../context.ts";
import type { StorageSize } from "../database/database.ts";
import type { DatabaseObserver } from "../database/open.ts";
import type { Timer } from "../kernel/clock.ts";
import type { MonotonicMs } from "../kernel/units.ts";

const COMMIT_DURATIONS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const COMMIT_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** What the database tells of each commit, and of its connection where it has one; given to it when it is opened. */
export function createDatabaseObserver({
  metrics,
  log,
  clock,
}: Pick<Context, "metrics" | "log" | "clock">): DatabaseObserver {
  const durations = metrics.histogram(
    "commit_duration_seconds",
    "Time of a commit, its changes included.",
    COMMIT_DURATIONS,
  );
  const sizes = metrics.histogram("commit_operations", "Changes that shared a commit.", COMMIT_SIZES);
  const losses = metrics.counter("database_connection_losses_total", "Times that the database's server was lost.");
  let lostAt: MonotonicMs | undefined;
  metrics.gauge("database_connected", "1 while the database can be written to.", () => (lostAt === undefined ? 1 : 0));
  return {
    committed(operations, durationMs) {
      sizes.observe(operations);
      durations.observe(durationMs / 1_000);
    },
    disconnected(reason) {
      if (lostAt !== undefined) {
        log.debug("the database is still away", { reason });
        return;
      }
      lostAt = clock.monotonic();
      losses.add();
      log.error("the database is away: nothing can be written until it is back", { reason });
    },
    reconnected() {
      const awayMs = lostAt === undefined ? 0 : Math.round(clock.monotonic() - lostAt);
      lostAt = undefined;
      log.info("the database is back", { awayMs });
    },
  };
}

/** All others are small, or follow these. */
const GROWING: ReadonlySet<string> = new Set([
  "attempts",
  "audit_entries",
  "deliveries",
  "delivery_hours",
  "idempotency_claims",
  "inputs",
  "jobs",
  "ledger_transfers",
  "mails",
  "members",
  "outbound_events",
  "refused_events",
  "refused_requests",
  "widget_sessions",
]);

const LAG_SAMPLE_MS = 250;

/** Measures the process itself from now on. @returns how to end it */
export function observeProcess({ clock, metrics, database }: Context): () => void {
  let timer: Timer | undefined;
  let worstLagMs = 0;
  const sample = (): void => {
    const asked = clock.monotonic();
    timer = clock.after(LAG_SAMPLE_MS, () => {
      worstLagMs = Math.max(worstLagMs, clock.monotonic() - asked - LAG_SAMPLE_MS);
      sample();
    });
  };
  sample();
  metrics.gauge("event_loop_lag_seconds", "Longest that a timer came late since the last scrape.", () => {
    const seconds = worstLagMs / 1_000;
    worstLagMs = 0;
    return seconds;
  });
  metrics.gauge("process_resident_memory_bytes", "Memory of the process.", () => process.memoryUsage().rss);
  metrics.gauge("process_heap_used_bytes", "JavaScript heap in use.", () => process.memoryUsage().heapUsed);
  metrics.gauge("database_bytes", "Size of the database and its journal.", () => database.statistics().bytes);
  const storage = (of: keyof Omit<StorageSize, "canShrink">) => () => {
    const size = database.storage.measure()?.[of];
    return size === undefined ? [] : [{ labels: {}, value: size }];
  };
  metrics.gauge("database_free_bytes", "Free space within the database's file.", storage("freeBytes"));
  metrics.gauge("database_journal_bytes", "Size of the write-ahead log.", storage("journalBytes"));
  metrics.gauge("disk_free_bytes", "What the disk of the data folder still takes.", storage("diskFreeBytes"));
  metrics.gauge("table_rows", "Rows of the tables that grow, estimated and not counted.", async () =>
    (await database.storage.estimateRows())
      .filter(({ table }) => GROWING.has(table))
      .map(({ table, rows }) => ({ labels: { table }, value: rows })),
  );
  metrics.gauge("database_waiting", "Changes that wait for a commit.", () => database.statistics().waiting);
  return () => timer?.cancel();
}
