import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePlace, PASSWORD, runHere, setUpArgs, spawnHatch } from "../../tests/support/command-line.ts";
import type { JsonObject } from "../kernel/json.ts";
import { runCommandLine } from "./run.ts";

const PROGRAM = {
  timezone: "UTC",
  eventTypes: { lesson: {} },
  currencies: { xp: { kind: "progress" } },
  rules: { points: { on: "lesson", then: [{ credit: "xp", amount: 100 }] } },
  tracks: {
    level: {
      over: "xp",
      rungs: [
        { key: "novice", at: 0 },
        { key: "adept", at: 250 },
      ],
    },
  },
  badges: { first: { title: "First", when: "progress.counts['lesson'] >= 1" } },
};
const { badges: _, ...WITHOUT_BADGES } = PROGRAM;
const STEEPER = {
  ...PROGRAM,
  tracks: {
    level: {
      over: "xp",
      rungs: [
        { key: "novice", at: 0 },
        { key: "adept", at: 300 },
      ],
    },
  },
};

type Keys = Record<"live" | "test", { readonly id: string; readonly secretKey: string }>;

let place: ReturnType<typeof makePlace>;
let config: string;
let keys: Keys;
const children: ReturnType<typeof spawnHatch>[] = [];

beforeEach(async () => {
  place = makePlace();
  config = join(place.root, "hatch.config.json");
  keys = JSON.parse((await runHere(setUpArgs(place.data), { stdin: PASSWORD })).out).environments;
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
  place.remove();
});

const write = (program: unknown): void => writeFileSync(config, JSON.stringify({ program }));
const apply = (args: string, env: Record<string, string> = {}) =>
  runHere(["apply", "--config", config, "--data", place.data, ...args.split(" ").filter((word) => word !== "")], {
    env,
  });
const applied = async (args = "") => JSON.parse((await apply(`--json ${args}`)).out);

async function serve(): Promise<string> {
  const child = spawnHatch(["serve", "--data", place.data, "--port", "0"]);
  children.push(child);
  return (JSON.parse(await child.firstLine()) as { url: string }).url.replace(/\/$/, "");
}

// biome-ignore lint/suspicious/noExplicitAny: an answer is looked at freely by the test that asked for it
async function call(url: string, path: string, body?: JsonObject, key = keys.test.secretKey): Promise<any> {
  const response = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  return response.json();
}

/** Somebody at a terminal who answers so. */
async function withPerson(answer: string): Promise<{ readonly exit: number; readonly asked: string[] }> {
  const asked: string[] = [];
  const quiet = (): void => {};
  const terminal = {
    interactive: true,
    out: quiet,
    error: quiet,
    readInput: async () => "",
    askPerson: async (question: string) => {
      asked.push(question);
      return answer;
    },
  };
  const args = ["apply", "--config", config, "--data", place.data];
  return { exit: await runCommandLine(args, { terminal, environment: {}, workingDirectory: place.root }), asked };
}

describe("hatch apply, with the server stopped", () => {
  test("publishes what was never published, then has nothing to do, and says so", async () => {
    write(PROGRAM);
    const first = await apply("");
    expect(first.exit).toBe(0);
    expect(first.out).toContain(`${config} → test of Acme\nNothing was ever published there.\n`);
    expect(first.out).toMatch(/rules\n {2}added {6}points\n/);
    expect(first.out).toMatch(/\n6 added\.\n\nPublished in test of Acme as version 1, checksum [0-9a-f]{64}\.\n$/);
    const again = await apply("");
    expect([again.exit, again.out]).toEqual([
      0,
      `Nothing to do: version 1 in test of Acme is the program of ${config}.\n`,
    ]);
    expect(await applied()).toMatchObject({ unchanged: true, changes: [], applied: null });
  });

  test("shows what changed field by field, who published before, and says in the note where it comes from", async () => {
    write(PROGRAM);
    await apply("");
    write(STEEPER);
    const { out } = await apply("--note Harder");
    expect(out).toMatch(/There is version 1, published \S+ \S+ UTC by operator: From the configuration file\.\n/);
    expect(out).toContain("tracks\n  changed    level  nobody stands on it\n             rungs.adept");
    expect(out).toContain("rungs.adept.at  250 → 300\n\n1 changed.\n");
    const url = await serve();
    expect((await call(url, "/v1/program")).note).toBe("Harder (from the configuration file)");
  });

  test("goes to test unless live is named", async () => {
    write(PROGRAM);
    expect(await applied()).toMatchObject({ environment: "test", applied: { version: 1 } });
    expect(await applied("--environment live")).toMatchObject({ environment: "live", applied: { version: 1 } });
    expect(await applied(`--environment ${keys.live.id}`)).toMatchObject({ environment: "live", unchanged: true });
  });

  test("--dry-run shows the same and publishes nothing", async () => {
    write(PROGRAM);
    const { exit, out } = await apply("--dry-run");
    expect([exit, out.split("\n").at(-2)]).toEqual([0, "Nothing was published (--dry-run)."]);
    expect(await applied("--dry-run")).toMatchObject({ published: null, unchanged: false, applied: null });
    expect(await applied()).toMatchObject({ applied: { version: 1 } });
  });

  test("removes nothing where nobody can be asked: exit 3, unless --yes", async () => {
    write(PROGRAM);
    await apply("");
    write(WITHOUT_BADGES);
    for (const args of ["", "--json"]) {
      const refused = await apply(args);
      expect(refused.exit).toBe(3);
      expect(refused.error).toContain("Something would be removed, and nobody is there to be asked.");
    }
    expect((await apply("--dry-run")).exit).toBe(0);
    const { exit, out } = await apply("--yes");
    expect(exit).toBe(0);
    expect(out).toContain("badges\n  removed    first  nobody has it\n");
    expect(out).toContain("1 removed.\nWhat members have earned of what is removed stays theirs.\n");
    expect(out).toContain("as version 2");
  });

  test("takes a rung that is gone for something that is removed: members may stand on it", async () => {
    write(PROGRAM);
    await apply("");
    write({ ...PROGRAM, tracks: { level: { over: "xp", rungs: [{ key: "novice", at: 0 }] } } });
    expect((await apply("")).exit).toBe(3);
    expect((await apply("--yes")).out).toContain('rungs.adept  {"key":"adept","at":250} → (none)');
  });

  test("asks a person at the terminal only where something is removed, and takes anything but a yes for a no", async () => {
    write(PROGRAM);
    expect(await withPerson("no")).toEqual({ exit: 0, asked: [] });
    write(STEEPER);
    expect(await withPerson("no")).toEqual({ exit: 0, asked: [] });
    write(WITHOUT_BADGES);
    for (const answer of ["", "n", "no", "yeah"]) {
      expect(await withPerson(answer)).toEqual({ exit: 3, asked: ["Publish it in test? [y/N] "] });
    }
    expect((await withPerson("Y")).exit).toBe(0);
    expect(await applied()).toMatchObject({ unchanged: true, published: { version: 3 } });
  });

  test("a program that is only written differently is published without a question", async () => {
    write(PROGRAM);
    await apply("");
    write({ ...PROGRAM, rewards: {} });
    const { exit, out } = await apply("");
    expect([exit, out]).toEqual([0, expect.stringContaining("\nwritten differently, decides the same.\n")]);
  });

  test.each<[string, string, number, string]>([
    ["a note that is too long", `--note ${"x".repeat(401)}`, 2, "--note: expected at most 400 characters."],
    ["an environment that can't be", "--environment prod", 2, "--environment prod: expected live, test or an env_… id"],
    ["another workspace", "--workspace Umbrella", 1, "environment was not found"],
  ])("%s is refused", async (_what, args, exit, message) => {
    write(PROGRAM);
    expect(await apply(args)).toMatchObject({ exit, error: expect.stringContaining(message) });
  });

  test("every mistake of the program is told by its path, with exit 2, and nothing is published", async () => {
    write({ ...PROGRAM, rules: { points: { on: "leson", when: "event.x +", then: [{ credit: "gold", amount: 1 }] } } });
    const { exit, out, error } = await apply("");
    expect([exit, out]).toEqual([2, ""]);
    for (const path of ["on", "when", "then.0.credit"]) {
      expect(error).toContain(`program.rules.points.${path} (${config}): `);
    }
    write(PROGRAM);
    expect(await applied()).toMatchObject({ published: null });
  });

  test("without a program, a file or an installation it says what is missing", async () => {
    writeFileSync(config, "{}");
    expect(await apply("")).toMatchObject({
      exit: 2,
      error: expect.stringContaining("expected a program, found none"),
    });
    const bare = await runHere(["apply", "--data", place.data]);
    expect(bare).toMatchObject({
      exit: 2,
      error: expect.stringContaining("expected a configuration file, found none"),
    });
    write(PROGRAM);
    const nowhere = await runHere(["apply", "--config", config, "--data", join(place.root, "other")]);
    expect(nowhere).toMatchObject({ exit: 1, error: expect.stringContaining("There is no installation in ") });
  });
});

describe("hatch apply, with the server running", () => {
  test("has the server do it, counts whom it concerns, and the next event is decided by it", async () => {
    write(PROGRAM);
    await apply("");
    const url = await serve();
    for (const userId of ["ada", "ben"]) {
      const { effects } = await call(url, "/v1/events", { type: "lesson", userId });
      expect(effects).toHaveLength(2);
    }
    write({ ...WITHOUT_BADGES, rules: { points: { on: "lesson", then: [{ credit: "xp", amount: 7 }] } } });
    const { exit, out } = await apply("--yes");
    expect(exit).toBe(0);
    expect(out).toContain("  changed    points  2 members have sent its event\n             then.xp.amount  100 → 7\n");
    expect(out).toContain("  removed    first   2 members have it\n");
    const { programVersion, effects } = await call(url, "/v1/events", { type: "lesson", userId: "ada" });
    expect([programVersion, effects]).toEqual([2, [expect.objectContaining({ currency: "xp", amount: 7 })]]);
  });

  test("a program as large as one may be goes through the socket", async () => {
    await serve();
    const badges = Object.fromEntries(
      Array.from({ length: 120 }, (_, index) => [`b${index}`, { title: "ö", description: "€".repeat(2_000) }]),
    );
    write({ ...PROGRAM, badges });
    expect(await applied()).toMatchObject({ applied: { version: 1 } });
  });

  test("from elsewhere it goes by the API, with a key that chooses the environment", async () => {
    const url = await serve();
    write(PROGRAM);
    const elsewhere = (args: string, key: string) => apply(`--url ${url} ${args}`, { HATCH_KEY: key });
    const first = await elsewhere("--note Remote", keys.test.secretKey);
    expect(first.exit).toBe(0);
    expect(first.out).toContain(`→ test at ${url}\n`);
    expect(first.out).toContain(`Published in test at ${url} as version 1, `);
    expect(await call(url, "/v1/program")).toMatchObject({ note: "Remote (from the configuration file)" });
    expect((await elsewhere("", keys.test.secretKey)).out).toStartWith("Nothing to do: version 1 ");

    const unnamed = await elsewhere("", keys.live.secretKey);
    expect([unnamed.exit, unnamed.error]).toEqual([2, expect.stringContaining("say so with --environment live")]);
    expect((await elsewhere("--environment test", keys.live.secretKey)).exit).toBe(2);
    expect((await elsewhere("--environment live", keys.live.secretKey)).exit).toBe(0);

    write(WITHOUT_BADGES);
    expect((await elsewhere("", keys.test.secretKey)).exit).toBe(3);
    write({ ...PROGRAM, timezone: "Mars/Olympus" });
    const wrong = await elsewhere("", keys.test.secretKey);
    expect([wrong.exit, wrong.error]).toEqual([2, expect.stringContaining(`program.timezone (${config}): `)]);
    expect((await elsewhere("", "hk_test_nobody")).exit).toBe(1);
  }, 20_000);

  test("what was published by hand since is told of, and a draft that would be lost is not written over unasked", async () => {
    const url = await serve();
    await call(url, "/v1/program/publish", { program: PROGRAM, note: "By hand" });
    write(STEEPER);
    expect((await apply("--dry-run")).out).toContain(
      "It does not come from a configuration file: this file takes its place.",
    );
    await fetch(`${url}/v1/program/draft`, {
      method: "PUT",
      headers: { authorization: `Bearer ${keys.test.secretKey}`, "content-type": "application/json" },
      body: JSON.stringify({ timezone: "Asia/Tokyo" }),
    });
    const refused = await apply("");
    expect([refused.exit, refused.out]).toEqual([
      3,
      expect.stringMatching(/A draft that key_\S+ saved .* is written over\./),
    ]);
    expect((await apply("--yes")).exit).toBe(0);
  });
});

describe("hatch config check", () => {
  const check = (args = "") =>
    runHere(["config", "check", "--config", config, "--data", place.data, ...(args === "" ? [] : [args])]);

  test("compiles the program of the file and names each mistake by its path", async () => {
    write({
      ...PROGRAM,
      eventTypes: { lesson: { schema: { type: "nonsense" } }, "points.earned": { forward: true } },
      rules: { points: { on: "lesson", when: "event.properties.score >", then: [{ credit: "xp", amount: "'a'" }] } },
      badges: { first: { title: "First", when: "progress.counts['other'] > 0 && progress.levels.lvl == 'a'" } },
    });
    const { exit, out, error } = await check();
    expect([exit, out]).toEqual([2, ""]);
    for (const path of [
      "eventTypes.lesson.schema",
      "eventTypes.points.earned.forward",
      "rules.points.when",
      "rules.points.then.0.amount",
      "badges.first.when",
    ]) {
      expect(error).toContain(`program.${path} (${config}): `);
    }
    expect(JSON.parse((await check("--json")).error).error.code).toBe("configuration");
  });

  test("of an event type that is not in the file it can only say that it has to be registered", async () => {
    write({ ...PROGRAM, rules: { points: { on: "leson", then: [{ credit: "xp", amount: 1 }] } } });
    const { exit, out, error } = await check();
    expect([exit, out]).toEqual([0, expect.stringContaining("and so is its program")]);
    expect(error).toContain(`program.rules.points.on (${config}): leson is neither an event type`);
    expect(error).toContain("has to be registered where it is published");
    expect(JSON.parse((await check("--json")).out).warnings).toHaveLength(1);
  });

  test("is content with a program that is right, and with none", async () => {
    write(PROGRAM);
    expect(await check()).toMatchObject({ exit: 0, error: "", out: expect.stringContaining("and so is its program.") });
    writeFileSync(config, "{}");
    expect(await check()).toMatchObject({ exit: 0, error: "" });
  });
});
