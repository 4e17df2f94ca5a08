import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SEEN_MISTAKES } from "../../src/cli/check-receiver/mistakes.ts";
import { deviationsOf } from "../../src/features/webhooks/index.ts";
import { GUIDES } from "../../src/http/guides.ts";
import { hatchReceiver, startReceive } from "../check-receiver/receivers.ts";
import { runHere } from "../support/command-line.ts";
import { freePort } from "../support/free-port.ts";
import { type Block, blocksOf, ROOT, readGuide } from "./blocks.ts";
import { quoted } from "./reader.ts";
import { linkPackages } from "./snippets.ts";
import { type Family, vectorsOf } from "./vectors.ts";

const SECRET = `whsec_${Buffer.alloc(32, 42).toString("base64")}`;
const PATIENCE_MS = 20_000;
const STEP_MS = 300_000;

const GUIDE = readGuide("verifying-signatures");

/** The first line that is a comment names the file. */
const nameOf = ({ code }: Block): string => /^(?:<\?php\n)?(?:\/\/|#) ([\w-]+\.\w+)\n/.exec(code)?.[1] ?? "";
const filesOf = (language: string): ReadonlyMap<string, string> =>
  new Map(
    blocksOf(GUIDE)
      .filter((block) => block.language === language)
      .map((block) => [nameOf(block), block.code]),
  );

/** The guide's receivers check X-Hatch-Signature. With the other function they check Standard Webhooks. */
const OTHER_FUNCTION: readonly (readonly [RegExp, string])[] = [
  [/isFromHatch/g, "isStandardWebhook"],
  [/is_from_hatch/g, "is_standard_webhook"],
  [/from_hatch\?/g, "standard_webhook?"],
  [/"x-hatch-delivery"|"X-Hatch-Delivery"/g, '"webhook-id"'],
  [/HTTP_X_HATCH_DELIVERY/g, "HTTP_WEBHOOK_ID"],
];
const forFamily = (family: Family, receiver: string): string =>
  family === "hatch"
    ? receiver
    : OTHER_FUNCTION.reduce((text, [pattern, instead]) => text.replace(pattern, instead), receiver);

interface Language {
  readonly name: string;
  /** On the PATH, else it can't be tried. */
  readonly runtime: string;
  readonly block: string;
  /** Made of a file before it is written. */
  readonly change?: (code: string) => string;
  readonly rename?: (name: string) => string;
  readonly build?: readonly string[];
  readonly run: (port: number) => readonly string[];
}

const stripTypes = (code: string): string =>
  new Bun.Transpiler({ loader: "ts" }).transformSync(code).replaceAll("verify.ts", "verify.mjs");

const LANGUAGES: readonly Language[] = [
  { name: "TypeScript on Bun", runtime: "bun", block: "ts", run: () => [process.execPath, "receiver.ts"] },
  {
    name: "TypeScript on Node",
    runtime: "node",
    block: "ts",
    change: stripTypes,
    rename: (name) => name.replace(/\.ts$/, ".mjs"),
    run: () => ["node", "receiver.mjs"],
  },
  { name: "Python", runtime: "python3", block: "python", run: () => ["python3", "receiver.py"] },
  {
    name: "Go",
    runtime: "go",
    block: "go",
    // The whole of net/http is compiled where it never was before: without the optimizer in two thirds of the time.
    build: [
      "go",
      "build",
      "-gcflags=all=-N -l -dwarf=false",
      "-ldflags=-s -w",
      "-o",
      "receiver",
      "verify.go",
      "receiver.go",
    ],
    run: () => ["./receiver"],
  },
  { name: "PHP", runtime: "php", block: "php", run: (port) => ["php", "-S", `127.0.0.1:${port}`, "receiver.php"] },
  { name: "Ruby", runtime: "ruby", block: "ruby", run: () => ["ruby", "receiver.rb"] },
];

/** Ruby has its server as a gem of its own. */
const isThere = ({ runtime }: Language): boolean =>
  Bun.which(runtime) !== null &&
  (runtime !== "ruby" || Bun.spawnSync(["ruby", "-e", 'require "webrick"'], { stderr: "ignore" }).exitCode === 0);

interface Started {
  readonly url: string;
  stop(): Promise<void>;
}

async function untilOpen(port: number, isOver: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  const isOpen = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
  while (!(await isOpen())) {
    if (isOver() || performance.now() > giveUpAt) throw new Error("the receiver did not start");
    await Bun.sleep(20);
  }
}

async function startLanguage(language: Language, family: Family, folder: string): Promise<Started> {
  mkdirSync(folder, { recursive: true });
  const { change = (code) => code, rename = (name) => name } = language;
  for (const [name, code] of filesOf(language.block)) {
    const text = name.startsWith("receiver.") ? forFamily(family, code) : code;
    writeFileSync(join(folder, rename(name)), change(text));
  }
  const port = freePort();
  const { PATH = "", HOME = "/tmp" } = process.env;
  const env = {
    ...{ PATH, HOME, HATCH_WEBHOOK_SECRET: SECRET, PORT: String(port), TMPDIR: folder },
    ...{ CGO_ENABLED: "0", GOTOOLCHAIN: "local" },
  };
  if (language.build) {
    const built = Bun.spawn([...language.build], { cwd: folder, env, stdout: "pipe", stderr: "pipe" });
    if ((await built.exited) !== 0) throw new Error(await new Response(built.stderr).text());
  }
  const child = Bun.spawn([...language.run(port)], { cwd: folder, env, stdout: "ignore", stderr: "ignore" });
  await untilOpen(port, () => child.exitCode !== null);
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function expectVectors(url: string, family: Family): Promise<void> {
  const answers: { name: string; status: number; expected: number }[] = [];
  for (const { name, headers, body, isRight } of vectorsOf(family, SECRET)) {
    const answer = await fetch(url, { method: "POST", headers: { ...headers }, body, keepalive: false });
    answers.push({ name, status: answer.status, expected: isRight ? 204 : 401 });
  }
  expect(answers.filter(({ status, expected }) => status !== expected)).toEqual([]);
}

interface Examined {
  readonly decides: string;
  readonly checks: readonly { readonly id: string; readonly grade: string }[];
  readonly mistakes: readonly unknown[];
}

async function expectPassed(url: string, format: string): Promise<Examined> {
  const { exit, out } = await runHere(["check-receiver", url, "--secret", SECRET, "--format", format, "--json"]);
  const report = JSON.parse(out) as Examined;
  expect({ exit, others: report.checks.filter(({ grade }) => grade !== "pass") }).toEqual({ exit: 0, others: [] });
  return report;
}

let place: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "hatch-verifying-"));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

for (const language of LANGUAGES) {
  describe.skipIf(!isThere(language))(`the guide's ${language.name}`, () => {
    test.each(["hatch", "standard"] as const)(
      "for %s: answers every vector rightly, and passes the exam",
      async (family) => {
        const folder = join(place, `${language.name}-${family}`.replaceAll(" ", "-"));
        const receiver = await startLanguage(language, family, folder);
        try {
          await expectVectors(receiver.url, family);
          await expectPassed(receiver.url, family);
          expect((await expectPassed(receiver.url, "both")).decides).toBe(family);
        } finally {
          await receiver.stop();
        }
      },
      STEP_MS,
    );
  });
}

describe("the guide's receiver with hatch/client", () => {
  test("answers every vector of either family rightly, and passes the exam", async () => {
    const folder = join(place, "client");
    mkdirSync(folder);
    linkPackages(folder);
    writeFileSync(join(folder, "receive.ts"), filesOf("ts").get("receive.ts") ?? "");
    writeFileSync(
      join(folder, "serve.ts"),
      'import { receive } from "./receive.ts";\nBun.serve({ port: Number(process.env.PORT), hostname: "127.0.0.1", fetch: receive });',
    );
    const port = freePort();
    const { PATH = "", HOME = "/tmp" } = process.env;
    const env = { PATH, HOME, HATCH_WEBHOOK_SECRET: SECRET, PORT: String(port) };
    const child = Bun.spawn([process.execPath, "serve.ts"], { cwd: folder, env, stdout: "ignore", stderr: "ignore" });
    const url = `http://127.0.0.1:${port}/`;
    try {
      await untilOpen(port, () => child.exitCode !== null);
      for (const family of ["hatch", "standard"] as const) {
        await expectVectors(url, family);
        await expectPassed(url, family);
      }
      await expectPassed(url, "both");
    } finally {
      child.kill("SIGKILL");
      await child.exited;
    }
  });
});

describe("the guide", () => {
  test("has a line for the shell that examines a receiver", async () => {
    const [shell] = blocksOf(GUIDE).filter(({ language }) => language === "sh");
    const receiver = startReceive(hatchReceiver(SECRET));
    const line = (shell?.code ?? "").replace("…", SECRET).replace("http://localhost:3000/", receiver.url);
    const script = `hatch() { ${[process.execPath, join(ROOT, "src/main.ts")].map(quoted).join(" ")} "$@"; }\n${line}`;
    const child = Bun.spawn(["sh", "-eu", "-c", script], { cwd: place, stdout: "pipe", stderr: "inherit" });
    const out = await new Response(child.stdout).text();
    const exit = await child.exited;
    await receiver.stop();
    expect([exit, out]).toEqual([0, expect.stringContaining("17 passed")]);
  });

  test("has every heading that check-receiver leads to", () => {
    const headings = GUIDES.find(({ slug }) => slug === "verifying-signatures")?.headings.map(({ id }) => id) ?? [];
    const known = new Set(headings);
    const named = [...SEEN_MISTAKES, ...deviationsOf("hatch", SECRET), ...deviationsOf("standard", SECRET)];
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter(({ anchor }) => !known.has(anchor))).toEqual([]);
  });

  test("shows two files for each language, and the client", () => {
    const names = (language: string) => [...filesOf(language).keys()];
    expect(names("ts")).toEqual(["receive.ts", "verify.ts", "receiver.ts"]);
    expect(names("python")).toEqual(["verify.py", "receiver.py"]);
    expect(names("go")).toEqual(["verify.go", "receiver.go"]);
    expect(names("php")).toEqual(["verify.php", "receiver.php"]);
    expect(names("ruby")).toEqual(["verify.rb", "receiver.rb"]);
  });

  test.skipIf(Bun.which("gofmt") === null)("has Go as gofmt writes it", () => {
    for (const code of filesOf("go").values()) {
      expect(Bun.spawnSync(["gofmt"], { stdin: new Blob([code]) as never }).stdout.toString()).toBe(code);
    }
  });
});
