import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { cleanEnvironment, hatchCommand, runHatch, setUpHatch, startHatch } from "../support/hatch.ts";
import { ROOT, readGuide } from "./blocks.ts";
import { type GuidePlace, runGuide } from "./snippets.ts";

// Every guide is followed from its first block to its last, with the built executable.

const FOLLOW_MS = 120_000;
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
const others: Bun.Server<unknown>[] = [];
afterAll(() => others.map((server) => server.stop(true)));

/** Somebody else's server, as far as a guide speaks to it. */
function other(answer: (path: string, request: Request) => Response): string {
  const fetch = (request: Request) => answer(new URL(request.url).pathname, request);
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
  others.push(server);
  return server.url.origin;
}

test("quickstart", () => runGuide("quickstart", { server: false }), FOLLOW_MS);
test("events-from-a-server", () => runGuide("events-from-a-server"), FOLLOW_MS);
test("webhook-delivery", () => runGuide("webhook-delivery"), FOLLOW_MS);
test("signature-does-not-verify", () => runGuide("signature-does-not-verify", { server: false }), FOLLOW_MS);
test("is-my-endpoint-healthy", () => runGuide("is-my-endpoint-healthy"), FOLLOW_MS);
test("fit-any-receiver", () => runGuide("fit-any-receiver"), FOLLOW_MS);
test("migrating-from-a-home-grown-sender", () => runGuide("migrating-from-a-home-grown-sender"), FOLLOW_MS);

test.skipIf(Bun.which("openssl") === null)("outgoing-connections", () => runGuide("outgoing-connections"), FOLLOW_MS);

// A reader without sqlite3 takes another way of the guide.
test.skipIf(Bun.which("sqlite3") === null)("operating", () => runGuide("operating", { server: false }), FOLLOW_MS);

test(
  "audit-log",
  () =>
    runGuide("audit-log", {
      server: false,
      prepare(folder) {
        const set = ["--data", join(folder, "hatch-data"), "--email", "you@example.com", "--workspace", "Acme"];
        const command = [...hatchCommand(), "setup", ...set, "--password-stdin"];
        const { exitCode } = Bun.spawnSync(command, {
          stdin: Buffer.from("correct horse battery"),
          env: cleanEnvironment(),
        });
        expect(exitCode).toBe(0);
      },
    }),
  FOLLOW_MS,
);

test(
  "encryption-keys",
  () =>
    runGuide("encryption-keys", {
      server: false,
      prepare(folder) {
        const set = ["--data", join(folder, "hatch-data"), "--email", "you@example.com", "--workspace", "Acme"];
        const { exitCode } = Bun.spawnSync([...hatchCommand(), "setup", ...set, "--password-stdin"], {
          stdin: Buffer.from("correct horse battery"),
          env: cleanEnvironment(),
        });
        expect(exitCode).toBe(0);
      },
    }),
  FOLLOW_MS,
);

/** The page of the guide, served by the guide's backend's own origin as a proxy would. */
async function openPage({ folder, portOf }: GuidePlace): Promise<string[]> {
  const built = await Bun.build({ entrypoints: [join(folder, "page.ts")], target: "browser" });
  const script = await built.outputs[0]?.text();
  const backend = `http://localhost:${portOf(3000)}`;
  const site = other((path, request) => {
    if (path === "/page.js") return new Response(script, { headers: { "content-type": "text/javascript" } });
    if (path !== "/progress") {
      const headers = { "content-type": "text/html", "set-cookie": "member=bo; HttpOnly; SameSite=Lax" };
      return new Response('<!doctype html><script type="module" src="/page.js"></script>', { headers });
    }
    return fetch(`${backend}${path}`, request) as unknown as Response;
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage();
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    const heard = page.waitForEvent("console", { timeout: 10_000 });
    await page.goto(site);
    await heard;
    return [...said, String(await page.evaluate("localStorage.progress"))];
  } finally {
    await browser.close();
  }
}

test(
  "events-from-a-browser",
  () =>
    runGuide("events-from-a-browser", {
      after: async (place) => {
        if (CHROMIUM !== undefined) expect(await openPage(place)).toEqual(["[]", "[]"]);
      },
    }),
  FOLLOW_MS,
);

test(
  "migrating-from-svix",
  () => {
    const endpoint = (id: string, url: string, rest: object) => ({ id, url, description: "", ...rest });
    const pages: Record<string, object> = {
      "": {
        data: [endpoint("ep_1", "https://example.com/hooks/billing", { filterTypes: ["invoice.paid"] })],
        iterator: "ep_1",
        done: false,
      },
      ep_1: {
        data: [endpoint("ep_2", "https://example.com/hooks/archive", { disabled: true })],
        iterator: null,
        done: true,
      },
    };
    const svix = other((path, request) => {
      if (request.headers.get("authorization") !== "Bearer testsk_your-token")
        return new Response(null, { status: 401 });
      if (/^\/api\/v1\/app\/app_your-application\/endpoint\/ep_\d\/secret\/$/.test(path)) {
        return Response.json({ key: `whsec_${Buffer.alloc(24, path).toString("base64")}` });
      }
      if (path !== "/api/v1/app/app_your-application/endpoint/") return new Response(null, { status: 404 });
      return Response.json(pages[new URL(request.url).searchParams.get("iterator") ?? ""]);
    });
    return runGuide("migrating-from-svix", { env: { SVIX_URL: svix } });
  },
  FOLLOW_MS,
);

test(
  "migrating-from-segment-destinations",
  async () => {
    const taken: string[] = [];
    const segment = other((path) => {
      taken.push(path);
      return Response.json({ success: true });
    });
    await runGuide("migrating-from-segment-destinations", { env: { SEGMENT_HOST: segment } });
    expect(taken).toEqual(["/v1/batch"]);
  },
  FOLLOW_MS,
);

describe("what guides name exists", () => {
  const guides = readdirSync(join(ROOT, "docs", "guides")).map((name) => ({
    name,
    text: readGuide(name.replace(/\.md$/, "")),
  }));

  test("commands and their flags", async () => {
    const { stdout: overview } = await runHatch(["--help"]);
    const commands = [...overview.matchAll(/^ {2}((?:[a-z-]+ ?)+?) {2,}/gm)].map((match) =>
      (match[1] as string).trim(),
    );
    const helps = new Map<string, string>();
    const isNamed = (command: string) => guides.some(({ text }) => text.includes(`hatch ${command}`));
    for (const command of commands.filter(isNamed))
      helps.set(command, (await runHatch([...command.split(" "), "--help"])).stdout);
    const faults = guides.flatMap(({ name, text }) =>
      [...text.matchAll(/(?:^|`|\| |-- )hatch ((?:[a-z-]+ ?)+)[^`\n|]*/gm)].flatMap(([line, words = ""]) => {
        const [first = "", second = ""] = words.trim().split(" ");
        const help = helps.get(`${first} ${second}`) ?? helps.get(first);
        if (help === undefined) return [`${name}: there is no command for ${line}`];
        const flags = [...line.matchAll(/(?<=\s)--[a-z][a-z-]+/g)].map(([flag]) => flag);
        return flags.filter((flag) => !help.includes(flag)).map((flag) => `${name}: ${line} takes no ${flag}`);
      }),
    );
    expect(faults).toEqual([]);
  }, 60_000);

  test("addresses of the API, and figures of /metrics", async () => {
    const installation = await setUpHatch();
    const hatch = await startHatch(installation.directory);
    try {
      const { paths } = (await (await fetch(`${hatch.url}/openapi.json`)).json()) as { paths: Record<string, object> };
      const shapes = new Map(
        Object.entries(paths).map(([path, methods]) => [path.replaceAll(/\{\w+\}/g, "*"), methods]),
      );
      const metrics = await (await fetch(`${hatch.url}/metrics`)).text();
      const faults = guides.flatMap(({ name, text }) => [
        ...[...text.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/v1\/[\w/-]+)/g)]
          .filter(([, method = "", path = ""]) => {
            const operations = shapes.get(path.replaceAll(/\/[A-Z]+(?=\/|$)/g, "/*"));
            return operations === undefined || !(method.toLowerCase() in operations);
          })
          .map(([call]) => `${name}: there is no ${call}`),
        ...[...text.matchAll(/\bhatch_[a-z_]+\b/g)]
          .filter(([metric]) => !metrics.includes(`# TYPE ${metric} `))
          .map(([metric]) => `${name}: there is no ${metric}`),
      ]);
      expect(faults).toEqual([]);
    } finally {
      await hatch.kill();
      installation.remove();
    }
  }, 60_000);
});
