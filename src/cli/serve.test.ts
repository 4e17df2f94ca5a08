import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Child,
  MAIN,
  makePlace,
  PASSWORD,
  runHere,
  setUpArgs,
  spawnHatch,
} from "../../tests/support/command-line.ts";

// Each start of the sources takes a second where the machine is busy.
setDefaultTimeout(30_000);

let place: ReturnType<typeof makePlace>;
const children: Child[] = [];
beforeEach(() => {
  place = makePlace();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
  place.remove();
});

async function serve(data = place.data, ...args: string[]): Promise<{ readonly child: Child; readonly url: string }> {
  const child = spawnHatch(["serve", "--data", data, "--port", "0", ...args]);
  children.push(child);
  const { event, url } = JSON.parse(await child.firstLine()) as { event: string; url: string };
  expect(event).toBe("listening");
  return { child, url };
}
const hatch = async (line: string, data = place.data) => {
  const ended = await runHere([...line.split(" "), "--data", data, "--json"]);
  return { ...ended, result: ended.exit === 0 ? JSON.parse(ended.out) : JSON.parse(ended.error).error };
};
const setUp = async (data = place.data) => JSON.parse((await runHere(setUpArgs(data), { stdin: PASSWORD })).out);
const get = async (url: string, key?: string): Promise<number> => {
  const response = await fetch(url, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } });
  await response.text();
  return response.status;
};

describe("at a terminal", () => {
  /** @returns all that a person has seen from the start to the end */
  async function watched(...args: string[]): Promise<string> {
    const { PATH = "/usr/bin:/bin", HOME = "/tmp" } = process.env;
    const listens = Promise.withResolvers<void>();
    let shown = "";
    const child = Bun.spawn([process.execPath, MAIN, "serve", "--data", place.data, "--port", "0", ...args], {
      env: { PATH, HOME },
      cwd: place.root,
      terminal: {
        cols: 80,
        rows: 24,
        data: (_, bytes) => {
          shown += new TextDecoder().decode(bytes);
          if (shown.includes("Ctrl-C")) listens.resolve();
        },
      },
    });
    try {
      await Promise.race([listens.promise, child.exited]);
      child.kill("SIGINT");
      expect(await child.exited).toBe(0);
      return shown.replaceAll("\r\n", "\n");
    } finally {
      child.kill("SIGKILL");
      child.terminal?.close();
    }
  }

  test("a person reads lines of their own, from the program's publication to the end, and no log", async () => {
    await setUp();
    writeFileSync(join(place.data, "hatch.config.json"), '{"program":{"timezone":"UTC"}}');
    expect(await watched()).toMatch(
      /^The program of \S+ was published in 2 environments\.\nHatch \S+ listens on \S+\n[^{}]*Ctrl-C stops it in order\.\n[^{}]*Stopping\.[^{}]*$/,
    );
  });

  test("whoever sets the level sees the log as well", async () => {
    await setUp();
    expect(await watched("--set", "log.level=info")).toContain('"message":"stopped"');
  });
});

describe("a start", () => {
  test("tells in one line where it listens, answers, and is refused a second time with the first one's pid", async () => {
    await setUp();
    const { child, url } = await serve();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await get(`${url}/readyz`)).toBe(200);
    const second = spawnHatch(["serve", "--data", place.data, "--port", "0"]);
    children.push(second);
    expect(await second.exited).toBe(3);
    expect(second.out()).toBe("");
    expect(second.error()).toContain(`in use by process ${child.pid}`);
    expect(child.out().trimEnd().split("\n")).toHaveLength(1);
  });

  test("on a port that is taken ends with exit 1 and what to do, and lets go of the folder", async () => {
    await setUp();
    const { url } = await serve();
    const elsewhere = join(place.root, "elsewhere");
    const second = spawnHatch(["serve", "--data", elsewhere, "--port", new URL(url).port]);
    children.push(second);
    expect(await second.exited).toBe(1);
    expect(second.error()).toContain("--port 0 picks a free one");
    expect(await setUp(elsewhere)).toMatchObject({ workspace: { name: "Acme" } });
  });

  test("after kill -9 needs no help", async () => {
    const { environments } = await setUp();
    const first = await serve();
    first.child.kill("SIGKILL");
    await first.child.exited;
    expect(readdirSync(place.data)).toContain("hatch.sock");
    const { url } = await serve();
    expect(await get(`${url}/v1/members`, environments.test.secretKey)).toBe(200);
    expect((await hatch("keys list")).exit).toBe(0);
  });
});

describe("a program in the configuration file", () => {
  const program = (title: string) => ({ timezone: "Europe/Berlin", badges: { first: { title, when: "true" } } });
  const configure = (content: unknown): void =>
    writeFileSync(join(place.data, "hatch.config.json"), JSON.stringify({ program: content }));
  const versions = async (url: string, key: string): Promise<[number, string]> => {
    const response = await fetch(`${url}/v1/program`, { headers: { authorization: `Bearer ${key}` } });
    const { version, program: found } = (await response.json()) as {
      version: number;
      program: ReturnType<typeof program>;
    };
    return [version, found?.badges.first.title];
  };

  test("is published where none ever was, in both environments, and left alone afterwards with a word about it", async () => {
    const { environments } = await setUp();
    configure(program("First"));
    const first = await serve();
    expect(await versions(first.url, environments.live.secretKey)).toEqual([1, "First"]);
    expect(await versions(first.url, environments.test.secretKey)).toEqual([1, "First"]);
    first.child.kill("SIGTERM");
    await first.child.exited;
    configure(program("Second"));
    const second = await serve();
    expect(await versions(second.url, environments.live.secretKey)).toEqual([1, "First"]);
    expect(second.child.error()).toContain("is not the published one");
    expect(second.child.error()).toContain('"version":1,"difference":"1 changed: badges.first"');
  });

  test("is published when the running installation is claimed", async () => {
    mkdirSync(place.data);
    configure(program("First"));
    const { url } = await serve();
    const { environments } = await setUp();
    for (let tries = 0; tries < 100; tries++) {
      if ((await versions(url, environments.test.secretKey))[0] === 1) break;
      await Bun.sleep(20);
    }
    expect(await versions(url, environments.test.secretKey)).toEqual([1, "First"]);
  });

  test("that is wrong stops the start with its path and exit 2", async () => {
    await setUp();
    configure({ timezone: "Mars/Olympus" });
    const child = spawnHatch(["serve", "--data", place.data, "--port", "0"]);
    children.push(child);
    expect(await child.exited).toBe(2);
    expect(child.error()).toContain("program.timezone: ");
    expect(child.out()).toBe("");
  });
});

describe("an installation that nobody has claimed", () => {
  test("keeps its token in a file for its owner, out of stdout and the log, and serves the set-up only", async () => {
    const { child, url } = await serve();
    const file = join(place.data, "setup.token");
    const token = readFileSync(file, "utf8").trim();
    expect(token).toStartWith("hst_");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(child.out() + child.error()).not.toContain(token);
    expect(child.error()).toContain(file);
    expect(child.error()).toContain(join(place.data, "root.key"));
    expect(await Promise.all(["/", "/healthz", "/readyz"].map((path) => get(url + path)))).toEqual([200, 200, 200]);
    for (const path of ["/v1/members", "/docs", "/openapi.json"])
      expect(await get(url + path)).toBeGreaterThanOrEqual(400);

    const claim = (given: string) =>
      fetch(`${url}/v1/auth/setup`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ token: given, email: "ada@example.com", workspace: "Acme", password: PASSWORD }),
      });
    expect((await claim("hst_wrong")).status).toBe(401);
    const claimed = await claim(token);
    expect(claimed.status).toBe(201);
    const { environments } = (await claimed.json()) as { environments: { live: { secretKey: string } } };
    expect(existsSync(file)).toBeFalse();
    expect(await get(`${url}/v1/members`, environments.live.secretKey)).toBe(200);
    expect((await claim(token)).status).toBeGreaterThanOrEqual(400);
  });

  test("is claimed by `hatch setup` through the running server, and the token is void", async () => {
    const { url } = await serve();
    const { environments } = await setUp();
    expect(existsSync(join(place.data, "setup.token"))).toBeFalse();
    expect(await get(`${url}/v1/members`, environments.live.secretKey)).toBe(200);
    expect((await runHere(setUpArgs(place.data), { stdin: PASSWORD })).exit).toBe(3);
  });
});

describe("commands beside a running server", () => {
  test("go through its socket: a new key works at once, a revoked one no longer, a wrong one is refused", async () => {
    await setUp();
    const { child, url } = await serve();
    expect(statSync(join(place.data, "hatch.sock")).mode & 0o777).toBe(0o600);
    const { result: key } = await hatch("keys create --environment live --name now");
    expect(await get(`${url}/v1/members`, key.secretKey)).toBe(200);
    const { result: rotated } = await hatch(`keys rotate ${key.id} --overlap 0`);
    expect(await get(`${url}/v1/members`, key.secretKey)).toBe(401);
    expect(await get(`${url}/v1/members`, rotated.secretKey)).toBe(200);
    await hatch(`keys revoke ${key.id}`);
    expect(await get(`${url}/v1/members`, rotated.secretKey)).toBe(401);

    const refused = await hatch("keys create --environment live --name x --scope events:eat");
    expect([refused.exit, refused.out]).toEqual([2, ""]);
    expect(refused.result).toMatchObject({ code: "usage", message: expect.stringContaining("--scope events:eat") });
    expect((await hatch("keys revoke key_01jd8m3v6zf5q8r1n2b3c4d5e6")).exit).toBe(1);

    const { result: doctor } = await hatch("doctor");
    expect(doctor.findings).toContainEqual({ check: "server", ok: true, message: `It runs, as process ${child.pid}.` });
    expect(doctor.ok).toBeTrue();
  });

  test("reach it in a folder whose path is too long for a socket", async () => {
    const deep = join(place.root, "a".repeat(60), "b".repeat(60));
    mkdirSync(deep, { recursive: true });
    await setUp(deep);
    const { child } = await serve(deep);
    const socket = readFileSync(join(deep, "hatch.sock"), "utf8").trim();
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect((await hatch("keys list", deep)).exit).toBe(0);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    expect([existsSync(socket), existsSync(join(deep, "hatch.sock"))]).toEqual([false, false]);
  });
});

describe("an end", () => {
  /** A request whose body is held back: under way for as long as a test wants. */
  async function sendHalf(url: string, key: string) {
    const body = JSON.stringify({ type: "lesson_completed", userId: "u1" });
    let received = "";
    const answered = Promise.withResolvers<string>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: Number(new URL(url).port),
      socket: {
        data(_, chunk) {
          received += chunk.toString();
          if (received.includes("\r\n\r\n")) answered.resolve(received);
        },
        close: () => answered.resolve(received),
      },
    });
    socket.write(
      `POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
    );
    socket.flush();
    return { finish: () => void socket.write(body.slice(10)), answered: answered.promise };
  }

  const isClosed = async (url: string): Promise<boolean> => {
    for (let tries = 0; tries < 200; tries++) {
      try {
        await get(`${url}/healthz`);
      } catch {
        return true;
      }
      await Bun.sleep(10);
    }
    return false;
  };

  test("by SIGTERM answers what is under way, takes nothing new, leaves nothing behind, and exits 0", async () => {
    const { environments } = await setUp();
    const { child, url } = await serve();
    const request = await sendHalf(url, environments.test.secretKey);
    // The half request is on its way before this one, which is answered.
    expect(await get(`${url}/healthz`)).toBe(200);
    child.kill("SIGTERM");
    expect(await isClosed(url)).toBeTrue();
    request.finish();
    expect(await request.answered).toStartWith("HTTP/1.1 201");
    expect(await child.exited).toBe(0);
    expect(readdirSync(place.data).sort()).toEqual(["hatch.db", "hatch.lock", "root.key"]);
    expect(child.error()).toContain('"message":"stopped"');
  });

  test("by a second signal comes at once, with another exit code; the same one passed on twice is one", async () => {
    const { environments } = await setUp();
    const { child, url } = await serve();
    const request = await sendHalf(url, environments.test.secretKey);
    expect(await get(`${url}/healthz`)).toBe(200);
    child.kill("SIGINT");
    child.kill("SIGINT");
    expect(await isClosed(url)).toBeTrue();
    await Bun.sleep(300);
    child.kill("SIGINT");
    expect(await child.exited).toBe(1);
    expect(await request.answered).toBe("");
  });
});
