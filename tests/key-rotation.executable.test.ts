import { expect, test } from "bun:test";
import { runKeyRotation } from "./key-rotation/rotation.ts";
import { exchangeSecrets } from "./key-rotation/values.ts";
import { call, runHatch, setUpHatch, startHatch } from "./support/hatch.ts";
import { startReceiver } from "./support/receiver.ts";

test("the root key is exchanged under load, whatever kills the server half-way, and every webhook verifies", async () => {
  const report = await runKeyRotation({ form: "environment", secrets: 3_000, kills: 3, say: () => {} });
  expect(report.violations).toEqual([]);
  expect(report.unverifiable).toBe(0);
  expect(report.verified).toBeGreaterThan(50);
}, 120_000);

test("secrets exchanged in the database sign nothing: the doctor names both, everybody else is served", async () => {
  const installation = await setUpHatch();
  const { directory } = installation;
  const receiver = startReceiver();
  const hatch = await startHatch(directory);
  try {
    const post = async (path: string, body: unknown) =>
      (await call(hatch, installation.keys.test, "POST", path, body)).body;
    const subscribe = async (path: string): Promise<string> =>
      (
        await post("/v1/webhooks", {
          endpoint: `${receiver.url}${path}`,
          events: ["points.earned", "lesson_completed"],
        })
      ).id;
    const [a, b] = [await subscribe("/a"), await subscribe("/b")];
    await subscribe("/c");
    const rows = exchangeSecrets(directory, [a, b]);
    await call(hatch, installation.keys.test, "PUT", "/v1/event-types/lesson_completed", { forward: true });
    await post("/v1/events", { id: "one", type: "lesson_completed", userId: "user_42", properties: {} });
    await receiver.arrived(1);
    await Bun.sleep(300);
    expect(receiver.received.map(({ path }) => path)).toEqual(["/c"]);
    const doctor = await runHatch(["doctor", "--data", directory]);
    expect(doctor.code).toBe(1);
    for (const row of rows) expect(doctor.stdout).toContain(`subscription_secrets.sealed of ${row}`);
    const held = await runHatch(["encryption", "rotate", "--data", directory]);
    expect([held.code, held.stdout]).toEqual([1, expect.stringContaining(`subscription_secrets.sealed of ${rows[0]}`)]);

    exchangeSecrets(directory, [a, b]);
    const rotated = await runHatch(["encryption", "rotate", "--data", directory]);
    expect([rotated.code, rotated.stdout]).toEqual([0, expect.stringContaining("Done: ")]);
    expect((await runHatch(["doctor", "--data", directory])).code).toBe(0);
    await post("/v1/events", { id: "two", type: "lesson_completed", userId: "user_42", properties: {} });
    await receiver.arrived(6);
    expect(new Set(receiver.received.map(({ path }) => path))).toEqual(new Set(["/a", "/b", "/c"]));
  } finally {
    await hatch.kill("SIGTERM");
    receiver.stop();
    installation.remove();
  }
}, 60_000);
