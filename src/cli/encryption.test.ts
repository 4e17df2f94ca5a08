import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePlace, PASSWORD, runHere, setUpArgs } from "../../tests/support/command-line.ts";
import { openServingApp, type ServingApp } from "../../tests/support/serving.ts";
import { keyIdOf } from "../kernel/crypto.ts";

const key = (fill: number): string => Buffer.alloc(32, fill).toString("base64");
const idOf = (fill: number): string => keyIdOf(new Uint8Array(32).fill(fill));
const [FIRST, SECOND] = [1, 2];

describe("with the server stopped", () => {
  let place: ReturnType<typeof makePlace>;
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());

  const run = (line: string, env: Record<string, string> = {}) =>
    runHere([...line.split(" "), "--data", place.data], { env });
  const setUp = (env: Record<string, string> = {}) => runHere(setUpArgs(place.data), { stdin: PASSWORD, env });
  const rootKey = (name = "root.key"): string => readFileSync(join(place.data, name), "utf8").trim();

  test("the key in the data folder is exchanged, and neither key is shown", async () => {
    await setUp();
    const former = rootKey();
    const rotated = await run("encryption rotate");
    expect([rotated.exit, rotated.error]).toEqual([0, ""]);
    expect(rotated.out).toMatch(
      /^Done: \d+ values sealed anew\. Key [0-9a-f]{8} seals everything; no other is needed\.\n$/,
    );
    const status = await run("encryption status");
    expect(status.out).toContain("The last rotation ended at ");
    expect(status.out).toMatch(/root\.key\.[0-9a-f]{8}\) is no longer needed here\./);
    const explained = await run("config explain");
    expect(explained.out).toContain("rootKeyPrevious");
    for (const { out, error } of [rotated, status, explained]) {
      for (const secret of [former, rootKey()]) expect(out + error).not.toContain(secret);
    }
    expect((await run("doctor")).exit).toBe(0);
    rmSync(join(place.data, `root.key.${keyIdOf(Buffer.from(former, "base64"))}`));
    expect((await run("keys list")).exit).toBe(0);
  });

  test("a key from outside is exchanged by giving both; one alone is refused with the way to go", async () => {
    const first = { WEBHOOK_ENCRYPTION_KEY: key(FIRST) };
    const both = { WEBHOOK_ENCRYPTION_KEY: key(SECOND), WEBHOOK_ENCRYPTION_KEY_PREVIOUS: key(FIRST) };
    await setUp(first);
    const alone = await run("encryption rotate", first);
    expect(alone.exit).toBe(3);
    expect(alone.error).toContain("WEBHOOK_ENCRYPTION_KEY_PREVIOUS");
    expect((await run("keys list", both)).exit).toBe(0);

    for (const [env, missing] of [
      [first, idOf(SECOND)],
      [{ WEBHOOK_ENCRYPTION_KEY: key(SECOND) }, idOf(FIRST)],
    ] as const) {
      for (const command of ["keys list", "encryption status", "encryption rotate"]) {
        const refused = await run(command, env);
        expect([refused.exit, refused.out]).toEqual([3, ""]);
        expect(refused.error).toContain(
          `The rotation from key ${idOf(FIRST)} to key ${idOf(SECOND)} is not finished and needs both`,
        );
        expect(refused.error).toContain(`${missing} is missing.\nGive the one that is to seal from now on as`);
      }
      const doctor = await run("doctor", env);
      expect([doctor.exit, doctor.out]).toEqual([1, expect.stringContaining("needs both")]);
    }
    const waiting = JSON.parse((await run("encryption status --json", both)).out);
    expect(waiting).toMatchObject({ state: "waiting", keyId: idOf(SECOND), formerKeyIds: [idOf(FIRST)] });
    expect(waiting.left).toBeGreaterThan(0);
    expect((await run("encryption status", both)).out).toContain("is needed until the rotation ends.");
    expect((await run("doctor", both)).out).toContain(`A rotation to key ${idOf(SECOND)} is under way`);

    expect(JSON.parse((await run("encryption rotate --json", both)).out)).toMatchObject({ state: "done", left: 0 });
    expect((await run("encryption rotate", both)).exit).toBe(0);
    expect((await run("keys list", { WEBHOOK_ENCRYPTION_KEY: key(SECOND) })).exit).toBe(0);
    expect((await run("keys list", first)).exit).toBe(3);
  });

  test("a bad previous key is refused without being repeated", async () => {
    await setUp({ WEBHOOK_ENCRYPTION_KEY: key(FIRST) });
    const refused = await run("keys list", {
      WEBHOOK_ENCRYPTION_KEY: key(FIRST),
      WEBHOOK_ENCRYPTION_KEY_PREVIOUS: "hunter2",
    });
    expect(refused.exit).toBe(2);
    expect(refused.error).toContain("WEBHOOK_ENCRYPTION_KEY_PREVIOUS: expected 32 bytes");
    expect(refused.error).not.toContain("hunter2");
  });

  test("a backup from before the exchange opens beside both keys, and is sealed anew", async () => {
    await setUp();
    const file = join(place.data, "hatch.db");
    const backup = readFileSync(file);
    await run("encryption rotate");
    const { keyId } = JSON.parse((await run("encryption status --json")).out);
    writeFileSync(file, backup);
    expect(JSON.parse((await run("encryption rotate --json")).out)).toMatchObject({ state: "done", keyId, left: 0 });
    expect((await run("doctor")).exit).toBe(0);
  });

  test("a value that opens with no key ends it with 1 and its row, until it is given up", async () => {
    await setUp();
    const file = new Database(join(place.data, "hatch.db"));
    file.run("INSERT INTO token_keys (id, secret, created_at) VALUES ('tk_x', '00000000.AAAA', 0)");
    file.close();
    const held = await run("encryption rotate");
    expect(held.exit).toBe(1);
    expect(held.out).toContain("  token_keys.secret of tk_x\n");
    expect((await run("doctor")).out).toContain("token_keys.secret of tk_x");
    const given = await run("encryption rotate --leave-damaged");
    expect([given.exit, given.out]).toEqual([0, expect.stringContaining("Done: ")]);
  });
});

describe("on a running server", () => {
  let app: ServingApp;
  afterEach(() => app.close());

  test("without a key file of its own it says how", async () => {
    app = await openServingApp();
    const status = await app.run(["encryption", "status"]);
    expect([status.exit, status.out]).toEqual([0, expect.stringContaining("seals everything; no other is needed.")]);
    const refused = await app.run(["encryption", "rotate", "--json"]);
    expect(refused.exit).toBe(3);
    expect(JSON.parse(refused.error).error).toMatchObject({ code: "conflict" });
  });
});
