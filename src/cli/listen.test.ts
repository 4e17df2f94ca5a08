import { expect, test } from "bun:test";
import { spawnHatch } from "../../tests/support/command-line.ts";
import { startReceiver } from "../../tests/support/receiver.ts";

test("a person who breaks off while the server says nothing is let go", async () => {
  const { promise: never } = Promise.withResolvers<Response>();
  const silent = startReceiver(() => never);
  const env = { HATCH_URL: silent.url, HATCH_KEY: `hk_test_${"a".repeat(49)}` };
  const child = spawnHatch(["listen"], { env });
  try {
    await silent.arrived(1);
    child.kill("SIGINT");
    expect(await child.exited).toBe(3);
    expect(child.error()).toBe("hatch: Broken off before it had begun.\n");
  } finally {
    child.kill("SIGKILL");
    silent.stop();
  }
}, 30_000);
