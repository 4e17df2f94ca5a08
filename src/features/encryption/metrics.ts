import type { Context } from "../../context.ts";
import type { Rotation } from "./rotation.ts";

export function registerMetrics({ metrics }: Pick<Context, "metrics">, rotation: Rotation): void {
  metrics.gauge(
    "encryption_values_left",
    "Values that a former root key sealed, while they are sealed anew; 0 at any other time.",
    () => rotation.progress.left ?? 0,
  );
  metrics.gauge(
    "encryption_values",
    "Sealed values by the id of their root key, as a rotation or `hatch encryption status` last counted them.",
    () => {
      const byKey = new Map<string, number>();
      for (const count of rotation.counts) {
        for (const [key, values] of count.byKey) byKey.set(key, (byKey.get(key) ?? 0) + values);
      }
      return [...byKey].map(([key, value]) => ({ labels: { key }, value }));
    },
  );
}
