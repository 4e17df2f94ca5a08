import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, cleanEnvironment, hatchCommand, runHatch, setUpHatch } from "./support/hatch.ts";

const CONFIG = join(import.meta.dir, "..", "hatch.config.ts");
const LAST_LINE = "Ctrl-C ends it.";
const PATIENCE_MS = 90_000;

interface Demo {
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  output(): string;
  until(text: string): Promise<void>;
}

function startDemo(...args: readonly string[]): Demo {
  const command = [...hatchCommand(), "serve", "--demo", "--port", "0", ...args];
  const env = cleanEnvironment({ HATCH_DATA: "/nonexistent/not-to-be-touched" });
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe", env });
  let output = "";
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) output += decoder.decode(chunk, { stream: true });
  })();
  return {
    child,
    output: () => output,
    async until(text) {
      const giveUpAt = Date.now() + PATIENCE_MS;
      while (!output.includes(text)) {
        const isOver = child.exitCode !== null || Date.now() > giveUpAt;
        if (isOver) throw new Error(`never came: ${text}\n${output}\n${await new Response(child.stderr).text()}`);
        await Bun.sleep(10);
      }
    },
  };
}

const urlOf = (output: string): string => (JSON.parse(output.slice(0, output.indexOf("\n"))) as { url: string }).url;
const folderOf = (output: string): string => /data +(\S+)/.exec(output)?.[1] ?? "";

/** The commands as they stand on the screen, each below what it is for. */
const commandsOf = (output: string): readonly string[] =>
  ["Send an event", "Ask ", "Have what goes out"].map((title) => {
    const from = output.indexOf("\n", output.lastIndexOf(`\n  ${title}`) + 1);
    return output.slice(from, output.indexOf("\n\n", from)).trim();
  });

function paste(command: string, more = ""): Record<string, unknown> {
  const { stdout, exitCode } = Bun.spawnSync(["sh", "-c", `${command} ${more}`], { env: cleanEnvironment() });
  expect(exitCode).toBe(0);
  return JSON.parse(stdout.toString());
}

describe("the school's ninety days", () => {
  let demo: Demo;
  let output = "";
  let dataDirectory = "";
  const probes: number[] = [];

  /** The screen from this line to the empty one after it. */
  const block = (begin: RegExp): string => {
    const from = output.search(begin);
    if (from < 0) throw new Error(`there is no ${begin}\n${output}`);
    return output.slice(from, output.indexOf("\n\n", from));
  };
  const key = (): string => /Bearer (\S+)"/.exec(readFileSync(join(dataDirectory, "curl.conf"), "utf8"))?.[1] ?? "";
  const get = async (path: string) => (await call({ url: urlOf(output) }, key(), "GET", path)).body;

  /** Everything of a list. */
  async function all(path: string): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    for (let after = ""; ; ) {
      const page = await get(`${path}${path.includes("?") ? "&" : "?"}limit=200${after && `&after=${after}`}`);
      items.push(...page.data);
      if (page.next === null) return items;
      after = page.next;
    }
  }

  beforeAll(async () => {
    demo = startDemo("--config", CONFIG, "--host", "0.0.0.0");
    await demo.until("\n");
    const url = urlOf(demo.output());
    const probe = (async () => {
      while (!demo.output().includes(LAST_LINE) && demo.child.exitCode === null) {
        probes.push((await fetch(`${url}/readyz`)).status);
        await Bun.sleep(25);
      }
    })();
    await demo.until(LAST_LINE);
    await probe;
    output = demo.output();
    dataDirectory = folderOf(output);
  }, PATIENCE_MS);

  afterAll(async () => {
    demo.child.kill("SIGKILL");
    await demo.child.exited;
    if (dataDirectory !== "") rmSync(dataDirectory, { recursive: true, force: true });
  });

  test("are told on this machine only, whatever is configured, in a folder of their own", () => {
    expect(new URL(urlOf(output)).hostname).toBe("127.0.0.1");
    expect(existsSync(join(dataDirectory, "hatch.db"))).toBe(true);
    expect(existsSync("/nonexistent")).toBe(false);
    expect(output).not.toContain("\u001b");
    const ours = output.split("\n").filter((line) => !line.startsWith("{") && !line.includes(dataDirectory));
    expect(ours.filter((line) => line.length > 80)).toEqual([]);
  });

  test("the server is ready throughout, however time leaps", () => {
    expect(probes.length).toBeGreaterThan(5);
    expect(new Set(probes)).toEqual(new Set([200]));
  });

  test("an event is told in full: effects with rule and reason, deliveries verified by both signatures", () => {
    const first = block(/ {5}ada completes a lesson/);
    expect(first).toMatch(/\+94 xp +lesson_xp +event\.properties\.score >= 60/);
    expect(first).toMatch(/\+10 coins +lesson_coins/);
    expect(first).toMatch(/badge first_lesson +progress\.counts/);
    expect(first.match(/← \S+ +dlv_\S+ +\d+ ms +sha256 ok +v1 ok/g)).toHaveLength(4);
    expect(block(/ {5}ben completes/).match(/nothing +lesson_(xp|coins) +.* is false/g)).toHaveLength(2);
  });

  test("the same event sent twice changes nothing", async () => {
    expect(block(/ {5}her phone/)).toContain("the first answer again; nothing is given or sent twice");
    expect((await all("/v1/events?userId=ada")).filter(({ id }) => id === "lesson-1")).toHaveLength(1);
  });

  test("a limit clips, a level is reached, a rule follows it", () => {
    const day = block(/ {2}Wed .*16:00/);
    expect(day).toMatch(/16:40 +ada +score 72 +\+72 xp +\+10 coins +level adept +\+100 coins/);
    expect(day).toMatch(/17:20 +ada .*\+5 coins \(5 over limit\)/);
    expect(day).toContain("the rule level_gift follows: 100 coins more");
  });

  test("a late event counts for the day on which it happened", async () => {
    const day = block(/ {2}Mon .*Berlin 14:10 · New York 08:10/);
    expect(day).toMatch(/Sat 20:10 +grace .*\+5 coins \(5 over limit\)/);
    expect(day).toMatch(/It counts for Sat \d+ \w+: clipped 5 of 10 coins: 20 of 25 coins that day\./);
    const late = (await all("/v1/events?userId=grace")).find(
      ({ occurredAt, receivedAt }) => Date.parse(receivedAt as string) - Date.parse(occurredAt as string) > 86_400_000,
    );
    expect(new Date(`${late?.localDate}T12:00:00Z`).getUTCDay()).toBe(6);
  });

  test("an outage: what waits moves along the ladder, and arrives when the receiver is back, each once", () => {
    const day = block(/ {2}Wed .*Berlin 10:40/);
    const tries = [...day.matchAll(/Wed (\d\d:\d\d) {2}(503|204) {2}3 deliveries, attempt (\d)/g)];
    expect(tries.map(([, at, status, attempt]) => `${at} ${status} ${attempt}`)).toEqual([
      "10:45 503 1",
      "10:46 503 2",
      "10:51 503 3",
      "11:21 503 4",
      "13:21 503 5",
      "14:05 503 1",
      "14:06 503 2",
      "14:11 204 3",
      "19:21 204 6",
    ]);
    const waits = [...day.matchAll(/the next in (.+)/g)].map(([, wait]) => wait);
    expect(waits).toEqual(["1 min", "5 min", "30 min", "2 h", "6 h", "1 min", "5 min"]);
    expect(day).toContain("21 requests refused, 6 deliveries made: none lost, none twice.");
  });

  test("a night in which the clocks change is one day, however many hours it has", async () => {
    const night = block(/ {2}Sun .*Berlin 00:10/);
    const hours = Number(/a Sunday of (\d+) hours\. ada/.exec(night)?.[1]);
    expect([23, 25]).toContain(hours);
    const coins = [...night.matchAll(/(Sun|Mon) \d\d:\d\d +ada +score \d+ +\+\d+ xp +(.+)/g)].map(([, , rest]) => rest);
    expect(coins).toEqual([
      "+10 coins",
      "+10 coins",
      expect.stringMatching(/^\+5 coins \(5 over limit\) {2}.* later$/),
      "limit used up: 25 of 25 coins today",
      `+10 coins  a new day after ${hours} h 5 min`,
    ]);
    expect(night).toMatch(/Sun 1\d:05 +emma .*\+5 coins \(5 over limit\) {2}same moment/);
    expect(night).toMatch(new RegExp(`had ${hours} h in Berlin and was one day`));
    expect(block(/ {2}Sun .*New York 12:00/)).toMatch(
      /A Sunday of (23|25) hours in New York: Berlin is [56] hours ahead/,
    );
  });

  test("a refused delivery is not tried again, and arrives when it is replayed", async () => {
    const refused = /failed +points\.earned +(\S+) +answered 422: not retried/.exec(output)?.[1] ?? "";
    expect(refused).toStartWith("dlv_");
    expect(output).toContain(`delivered  points.earned  ${refused}  same id, attempt 2, signed anew`);
  });

  test("every number at the end is what the API says", async () => {
    const sums = output.slice(output.indexOf("Ninety days, told"));
    const [events, deliveries, members] = [
      await all("/v1/events"),
      await all("/v1/deliveries"),
      await all("/v1/members"),
    ];
    expect(sums).toContain(`events      ${events.length} accepted`);
    const effects = events.flatMap((event) => event.effects as { type: string }[]);
    for (const type of ["points.earned", "level.changed", "badge.awarded"]) {
      expect(sums).toContain(`${effects.filter((effect) => effect.type === type).length} ${type}`);
    }
    expect(sums).toContain(`deliveries  ${deliveries.length} delivered`);
    expect(deliveries.filter(({ status }) => status !== "delivered")).toEqual([]);
    const requests = deliveries.reduce((sum, { attemptCount }) => sum + Number(attemptCount), 0);
    expect(requests).toBe(deliveries.length + 22);
    expect(sums).toContain(`requests    ${requests}, every signature right, 21 answered 503, 1 answered 422`);
    expect(sums).toMatch(
      /ledger +The balances of 8 members equal the ledger\.\n +examined +\d+ checks of `hatch doctor`, all is well/,
    );
    for (const { userId, balances, levels } of members as { userId: string; balances: Balances; levels: Levels }[]) {
      const ledger = (await all(`/v1/members/${userId}/ledger`)) as { currency: string; amount: number }[];
      const sum = (currency: string) =>
        ledger.filter((entry) => entry.currency === currency).reduce((total, { amount }) => total + amount, 0);
      expect([sum("xp"), sum("coins")]).toEqual([balances.xp.available, balances.coins.available]);
      const row = `${userId} .* ${levels.level.key} +${balances.xp.available.toLocaleString("en")} xp +${balances.coins.available} coins`;
      expect(output).toMatch(new RegExp(row));
    }
    expect(output).toMatch(/ada .* master /);
    expect(output).not.toMatch(/WRONG|NOT EACH ONCE|CHANGED|has not arrived|FAULT/);
  });
  type Balances = Record<"xp" | "coins", { available: number }>;
  type Levels = { level: { key: string } };

  test("time has come to today, and the story lies in the past", async () => {
    const [latest] = (await get("/v1/events?limit=1")).data as { receivedAt: string }[];
    expect(Date.parse(latest?.receivedAt ?? "")).toBeLessThan(Date.now() - 86_400_000);
    const [send] = commandsOf(output);
    const sent = paste(send as string);
    expect(sent).toMatchObject({ status: "accepted", userId: "you" });
    expect(Math.abs(Date.parse(sent.receivedAt as string) - Date.now())).toBeLessThan(60_000);
    const giveUpAt = Date.now() + 10_000;
    while (!demo.output().slice(output.length).includes("← lesson_completed") && Date.now() < giveUpAt)
      await Bun.sleep(10);
    expect(demo.output().slice(output.length)).toMatch(/← lesson_completed +dlv_\S+ +sha256 ok +v1 ok/);
  });

  test("the question that it suggests is answered", () => {
    const explained = paste(commandsOf(output)[1] as string, "--json") as unknown as Explained;
    expect(explained.id).toBe("lesson-2");
    const unfired = explained.considered.filter(({ fired }) => !fired).map(({ rule }) => rule);
    expect(unfired).toEqual(["lesson_xp", "lesson_coins"]);
  });
  type Explained = { id: string; considered: { rule: string; fired: boolean }[] };

  test("another terminal can listen, and leaves nothing behind", async () => {
    const subscriptions = async () => (await all("/v1/webhooks?all=true")).length;
    const before = await subscriptions();
    const listener = Bun.spawn(["sh", "-c", `exec ${commandsOf(output)[2]}`], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: cleanEnvironment(),
    });
    let heard = "";
    const hearing = (async () => {
      for await (const chunk of listener.stdout) heard += new TextDecoder().decode(chunk);
    })();
    const giveUpAt = Date.now() + 20_000;
    while ((await subscriptions()) === before && Date.now() < giveUpAt) await Bun.sleep(20);
    expect(paste(commandsOf(output)[0] as string).status).toBe("accepted");
    while (!heard.includes("lesson_completed") && Date.now() < giveUpAt) await Bun.sleep(20);
    expect(heard).toContain("lesson_completed");
    listener.kill("SIGINT");
    expect(await listener.exited).toBe(0);
    await hearing;
    expect(await subscriptions()).toBe(before);
  }, 60_000);

  test("the key is in a file that only its owner reads, and not on the screen", () => {
    const file = join(dataDirectory, "curl.conf");
    expect(output).toContain(file);
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(readFileSync(file, "utf8")).toMatch(/Bearer hk_test_/);
    expect(demo.output()).not.toMatch(/hk_test_|whsec_/);
  });

  test("SIGTERM ends it in order and takes its folder along", async () => {
    demo.child.kill("SIGTERM");
    expect(await demo.child.exited).toBe(0);
    expect(existsSync(dataDirectory)).toBe(false);
  }, 35_000);
});

test(
  "Ctrl-C in the middle of the story ends it at once, in order, with its folder",
  async () => {
    const demo = startDemo();
    await demo.until("The receiver breaks");
    const dataDirectory = folderOf(demo.output());
    const asked = performance.now();
    demo.child.kill("SIGINT");
    expect(await demo.child.exited).toBe(0);
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(existsSync(dataDirectory)).toBe(false);
  },
  PATIENCE_MS,
);

test(
  "another program is told by what its own event types name; what can't be made up is said",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "hatch-demo-program-"));
    const config = join(folder, "hatch.config.json");
    const amount = { type: "integer", minimum: 10, maximum: 60 };
    const code = { type: "string", pattern: "^[0-9]{4}$" };
    const program = {
      timezone: "Europe/Berlin",
      eventTypes: {
        order_paid: { schema: { type: "object", required: ["amount"], properties: { amount } } },
        door_opened: { schema: { type: "object", required: ["code"], properties: { code } } },
      },
      currencies: { stars: { kind: "spendable" } },
      rules: { order_stars: { on: "order_paid", then: [{ credit: "stars", amount: "event.properties.amount" }] } },
      tracks: {
        tier: {
          over: "stars",
          rungs: [
            { key: "guest", at: 0 },
            { key: "regular", at: 300 },
          ],
        },
      },
    };
    writeFileSync(config, JSON.stringify({ program }), { mode: 0o600 });
    const demo = startDemo("--config", config, "--data", join(folder, "data"));
    try {
      await demo.until(LAST_LINE);
      const output = demo.output();
      expect(output).toMatch(/\+\d+ stars +order_stars +every order_paid/);
      expect(output).toMatch(/order_paid +tier regular/);
      expect(output).toMatch(/door_opened could not be made up: properties\.code/);
      expect(output).toMatch(/events +208 accepted/);
      expect(output).toMatch(/requests +\d+, every signature right\n/);
      expect(output).not.toMatch(/ada completes|answered 503|WRONG|FAULT/);
      const [send = "", explain = ""] = commandsOf(output);
      expect([paste(send).status, paste(explain, "--json").id]).toEqual(["accepted", "demo-1"]);
      demo.child.kill("SIGINT");
      expect(await demo.child.exited).toBe(0);
      expect(existsSync(join(folder, "data", "hatch.db"))).toBe(true);

      const again = startDemo("--config", config, "--data", join(folder, "data"));
      await again.until(LAST_LINE);
      expect(again.output()).toContain("begun in this folder by an earlier run");
      expect(again.output()).not.toMatch(/Week 1|order_stars/);
      again.child.kill("SIGINT");
      expect(await again.child.exited).toBe(0);
    } finally {
      demo.child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  },
  PATIENCE_MS,
);

test("an installation that people use is refused, and nothing in it is changed", async () => {
  const theirs = await setUpHatch();
  try {
    const before = readFileSync(join(theirs.directory, "hatch.db"));
    const refused = await runHatch(["serve", "--demo", "--data", theirs.directory]);
    expect([refused.code, refused.stdout]).toEqual([3, ""]);
    expect(refused.stderr).toContain("no demonstration made");
    expect(readFileSync(join(theirs.directory, "hatch.db")).equals(before)).toBe(true);
  } finally {
    theirs.remove();
  }
}, 30_000);
