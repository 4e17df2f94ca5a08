import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { makePlace, runHere } from "../../tests/support/command-line.ts";

let place: ReturnType<typeof makePlace>;
let keys: { readonly live: string; readonly test: string };

const run = (args: readonly string[], stdin = "") => runHere([...args, "--data", place.data], { stdin });

beforeEach(async () => {
  place = makePlace();
  const setup = ["setup", "--email", "ada@example.com", "--workspace", "Acme", "--password-stdin", "--json"];
  const { environments } = JSON.parse((await run(setup, "correct horse battery")).out);
  keys = { live: environments.live.secretKey, test: environments.test.secretKey };
});
afterEach(() => place.remove());

describe("hatch credentials inspect", () => {
  test("tells the operator what a key is, whosever, and never shows it", async () => {
    const told = await run(["credentials", "inspect"], `${keys.live}\n`);
    expect([told.exit, told.error]).toEqual([0, ""]);
    expect(told.out).toStartWith("A secret key, and nothing is wrong with it.\n  Id              key_");
    expect(told.out).toContain("Environment     live (env_");
    expect(told.out + told.error).not.toContain(keys.live);
    const json = await run(["credentials", "inspect", "--json"], keys.test);
    expect(JSON.parse(json.out)).toMatchObject({ kind: "secret_key", inForce: true, problems: [] });
  });

  test("says why it is refused at a route, and where a page sends it", async () => {
    const args = [
      "credentials",
      "inspect",
      "--method",
      "get",
      "--path",
      "/v1/nowhere",
      "--origin",
      "https://a.example",
    ];
    const told = await run(args, keys.test);
    expect(told.exit).toBe(0);
    expect(told.out).toStartWith("A secret key, in force.\n");
    expect(told.out).toContain("- A secret key is refused wherever a browser sends it: call from your server.");
    expect(told.out).toContain("- Nothing lives at this address.");
  });

  test("knows a typo, a revoked key and what is none of ours", async () => {
    const cut = await run(["credentials", "inspect"], keys.test.slice(0, -1));
    expect(cut.out).toBe(
      "A secret key.\n- Its checksum is wrong: a character is missing, was added or was mistyped.\n",
    );
    const listed = JSON.parse((await run(["keys", "list", "--environment", "test", "--json"])).out);
    await run(["keys", "revoke", listed.keys[0].id]);
    expect((await run(["credentials", "inspect"], keys.test)).out).toContain("- It was revoked at ");
    expect((await run(["credentials", "inspect"], "sk_live_x")).out).toBe(
      "No credential of this product.\n- It is no credential of this product: it begins like none of them.\n",
    );
  });

  test.each([
    [["--method", "GET"], keys, "--method and --path go together."],
    [["--method", "BREW", "--path", "/"], keys, "method"],
    [[], undefined, "stdin has no credential."],
  ])("%j is a usage error", async (args, given, message) => {
    const refused = await run(["credentials", "inspect", ...args], given === undefined ? " \n" : "x");
    expect([refused.exit, refused.error.includes(message)]).toEqual([2, true]);
  });
});

test("hatch tokens rotate names the key that signs from now on", async () => {
  const first = JSON.parse((await run(["tokens", "rotate", "--json"])).out);
  const second = await run(["tokens", "rotate"]);
  expect(first.keyId).toMatch(/^tk_[0-9a-f]{16}$/);
  expect(second.out).toMatch(/^tk_[0-9a-f]{16} signs from now on\./);
  expect(second.out).not.toContain(first.keyId);
});
