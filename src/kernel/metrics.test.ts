import { expect, test } from "bun:test";
import { createMetrics } from "./metrics.ts";

test("a gauge that can't be read is left out, and the others are there", async () => {
  const metrics = createMetrics();
  metrics.gauge("broken", "Throws.", () => {
    throw new Error("no");
  });
  metrics.gauge("away", "Rejects.", () => Promise.reject(new Error("no")));
  metrics.gauge("fine", "Is.", () => 3);
  metrics.counter("done_total", "Counts.").add(2);
  const text = await metrics.render();
  expect(text).toContain("hatch_fine 3\n");
  expect(text).toContain("hatch_done_total 2\n");
  expect(text).not.toContain("broken");
  expect(text).not.toContain("away");
});
