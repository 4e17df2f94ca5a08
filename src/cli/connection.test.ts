import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runHere } from "../../tests/support/command-line.ts";
import { openServingApp, type ServingApp } from "../../tests/support/serving.ts";

let server: ServingApp;
const folder = mkdtempSync(join(tmpdir(), "hatch-connection-"));
beforeAll(async () => {
  server = await openServingApp();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const SEND = ["events", "send", "lesson_completed", "--user", "ada", "--json"];
const elsewhere = (args: readonly string[], env: Record<string, string> = {}) =>
  runHere([...SEND, ...args], { env, cwd: folder });

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

async function listKeys() {
  const { out } = await server.run(["keys", "list", "--json"]);
  return (JSON.parse(out) as { keys: { name: string; status: string; scopes: string[]; kind: string }[] }).keys;
}

describe("the server of the data folder", () => {
  test("issues a key for the command, with what it needs and for a quarter of an hour, and ends it afterwards", async () => {
    const sent = await server.run([...SEND, "--id", "here-1"]);
    expect(sent).toMatchObject({ exit: 0, error: "" });
    expect(JSON.parse(sent.out)).toMatchObject({ id: "here-1", status: "accepted" });
    const issued = (await listKeys()).filter(({ name }) => name === "hatch events send");
    expect(issued).toMatchObject([{ status: "revoked", kind: "test", scopes: ["events:write", "events:read"] }]);
    const { createdAt, expiresAt } = issued[0] as unknown as { createdAt: string; expiresAt: string };
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBeLessThanOrEqual(15 * 60_000 + 1_000);
  });

  test("ends the key also where the command failed", async () => {
    const failed = await server.run(["explain", "nowhere", "--json"]);
    expect(failed.exit).toBe(1);
    expect(JSON.parse(failed.error).error).toMatchObject({ code: "not_found" });
    expect((await listKeys()).filter(({ name }) => name === "hatch explain")).toMatchObject([{ status: "revoked" }]);
  });

  test("uses the environment that is named", async () => {
    const refused = await server.run([...SEND, "--environment", "live"]);
    expect(refused.exit).toBe(2);
    expect(JSON.parse(refused.error).error.message).toContain("Is not a registered event type");
    expect((await listKeys()).some(({ kind, name }) => kind === "live" && name === "hatch events send")).toBe(true);
    expect((await server.run([...SEND, "--environment", "production"])).exit).toBe(2);
    expect((await server.run([...SEND, "--workspace", "Nobody's"])).exit).toBe(1);
  });

  test("that does not run is told with what to do", async () => {
    const none = await runHere([...SEND, "--data", join(folder, "none")]);
    expect(none.exit).toBe(1);
    const { code, message, hint } = JSON.parse(none.error).error;
    expect(code).toBe("unavailable");
    expect(message).toContain("No server runs in");
    expect(hint).toMatch(/hatch serve.*--url/s);
  });

  test("that nobody has set up is told with what to do", async () => {
    const fresh = await openServingApp({ claimed: false });
    try {
      const { exit, error } = await fresh.run(SEND);
      expect(exit).toBe(1);
      expect(JSON.parse(error).error).toMatchObject({
        code: "not_configured",
        hint: expect.stringContaining("hatch setup"),
      });
    } finally {
      await fresh.close();
    }
  });
});

describe("a server elsewhere", () => {
  test("is called with a key from the environment or from a file, never from the command line", async () => {
    const { url, keys } = server;
    const path = file("key", `${keys.test}\n`);
    const ways: [readonly string[], Record<string, string>][] = [
      [["--url", url], { HATCH_KEY: keys.test }],
      [[], { HATCH_URL: url, HATCH_KEY: keys.test }],
      [["--url", `${url}/`, "--key-file", path], { HATCH_KEY: "hk_test_of-another-server" }],
      [["--url", url], { HATCH_KEY_FILE: path }],
    ];
    for (const [args, env] of ways) {
      const { exit, out, error } = await elsewhere(args, env);
      expect({ args, exit, error }).toEqual({ args, exit: 0, error: "" });
      expect(JSON.parse(out).status).toBe("accepted");
    }
    expect((await elsewhere(["--url", url, "--key", keys.test])).exit).toBe(2);
  });

  test("a key that is missing, unreadable or none is told before anything is sent", async () => {
    const { url } = server;
    const faults: [readonly string[], Record<string, string>, string][] = [
      [["--url", url], {}, "HATCH_KEY"],
      [["--url", url, "--key-file", join(folder, "gone")], {}, "--key-file"],
      [["--url", url, "--key-file", file("empty", "\n")], {}, "--key-file"],
      [["--url", url], { HATCH_KEY_FILE: join(folder, "gone") }, "HATCH_KEY_FILE"],
      [["--url", url], { HATCH_KEY: "something" }, "hk_live_"],
      [["--key-file", file("key", server.keys.test)], {}, "--url"],
    ];
    for (const [args, env, told] of faults) {
      const { exit, error } = await elsewhere(args, env);
      expect({ args, exit, told: JSON.parse(error).error.message.includes(told) }).toEqual({
        args,
        exit: 2,
        told: true,
      });
    }
  });

  test("a wrong key is refused by the server, and not shown", async () => {
    const wrong = `hk_test_${"a".repeat(49)}`;
    const { exit, error } = await elsewhere(["--url", server.url], { HATCH_KEY: wrong });
    expect(exit).toBe(1);
    expect(JSON.parse(error).error).toMatchObject({
      code: "unauthenticated",
      hint: expect.stringContaining("revoked"),
    });
    expect(error).not.toContain(wrong);
  });

  test("the key chooses the environment: another one asked for is a mistake", async () => {
    const args = ["--url", server.url, "--environment", "live"];
    const { exit, error } = await elsewhere(args, { HATCH_KEY: server.keys.test });
    expect([exit, JSON.parse(error).error.message]).toEqual([2, expect.stringContaining("the key is one of test")]);
  });

  test.each(["hatch", "ftp://hatch.example", "https://me:secret@hatch.example"])("%s is no address", async (url) => {
    const { exit, error } = await elsewhere(["--url", url], { HATCH_KEY: server.keys.test });
    expect(exit).toBe(2);
    expect(error).not.toContain("secret@");
  });

  test("a key that would travel in plain text is warned about, on this machine it is not", async () => {
    const args = ["--url", "http://hatch.invalid"];
    const { exit, error } = await elsewhere(args, { HATCH_KEY: server.keys.test });
    expect(exit).toBe(1);
    expect(error).toContain("it is not https");
    expect(error).toContain('"code":"network"');
  }, 20_000);
});
