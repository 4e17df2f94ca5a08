import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { renderToString } from "preact-render-to-string";
import config from "../hatch.config.ts";
import { GUIDES } from "../src/http/guides.ts";
import { curlOf } from "../src/http/reference-curl.ts";
import { Text } from "../src/http/reference-text.tsx";
import {
  EXAMPLE_DELIVERY_BODY,
  EXAMPLE_EFFECTS,
  EXAMPLE_EVENT,
  EXAMPLE_SECRET,
  EXAMPLE_TIMESTAMP,
} from "../src/http/site-example.ts";
import { Html, html } from "../src/http/site-html.ts";
import { claim, type OpenApp, openApp } from "./support/app.ts";

let app: OpenApp;
let keys: { readonly live: string; readonly test: string };
let landing: string;
let reference: string;

const read = async (path: string): Promise<string> => (await fetch(`${app.url}${path}`)).text();

beforeAll(async () => {
  app = await openApp();
  keys = await claim(app);
  landing = await read("/");
  reference = await read("/docs");
});
afterAll(() => app.close());

describe("html", () => {
  test("escapes what is put into text and attributes, whatever it is nested in", () => {
    const evil = `"><script>alert('x')</script>&`;
    const safe = "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;";
    expect(html`<a title="${evil}">${[evil, [evil]]}</a>`.text).toBe(`<a title="${safe}">${safe}${safe}</a>`);
  });

  test("puts markup of its own in as it is, and leaves nothing where there is nothing", () => {
    expect(html`<p>${html`<b>${1}</b>`}${false}${undefined}${null}${""}</p>`.text).toBe("<p><b>1</b></p>");
    expect(html`${new Html("<i>")}`.text).toBe("<i>");
  });
});

describe("the texts of the reference", () => {
  const shown = (text: string): string => renderToString(Text({ text }));

  test("are paragraphs, lists, tables, code and links to this server", () => {
    expect(shown("One `a<b` and **two**.\nSame.\n\n- x\n- y")).toBe(
      "<p>One <code>a&lt;b</code> and <strong>two</strong>. Same.</p><ul><li>x</li><li>y</li></ul>",
    );
    expect(shown("[here](#a) [there](/docs) [away](https://evil.example)")).toBe(
      '<p><a href="#a">here</a> <a href="/docs">there</a> [away](https://evil.example)</p>',
    );
    expect(shown("| a | b |\n|---|---|\n| `c` | d |")).toContain("<td><code>c</code></td><td>d</td>");
    expect(shown("```text\na\n\n<b>\n```")).toContain("<code>a\n\n&lt;b></code>");
  });

  test("leave no mark-up behind on the page", () => {
    const words = reference.replaceAll(/<(pre|code)[^>]*>.*?<\/\1>/gs, "").replaceAll(/<[^>]*>/g, " ");
    expect(words.match(/.{20}(?:\*\*|`|\]\().{20}/g) ?? []).toEqual([]);
  });
});

describe("a command of the reference", () => {
  const operation = {
    operationId: "x",
    summary: "x",
    tags: ["x"],
    security: [{ secretKey: ["events:write"] }],
    responses: {},
  };

  test("quotes for the shell whatever its body holds", () => {
    const content = { "application/json": { schema: {}, example: { note: "it's $HOME `here`" } } };
    const command = curlOf({
      url: "http://h",
      method: "post",
      path: "/v1/x",
      operation: { ...operation, requestBody: { required: true, content } },
    });
    const said = Bun.spawnSync(["sh", "-c", command.replace(/^curl/, "printf '%s\\n'")], {
      env: { HATCH_KEY: "k" },
    }).stdout.toString();
    expect(said).toContain(`"note": "it's $HOME \`here\`"`);
    expect(said).toContain("Authorization: Bearer k");
  });

  test("shows who calls by what the operation takes", () => {
    const credentialOf = (security: readonly Record<string, readonly string[]>[], method: string): string =>
      curlOf({ url: "http://h", method, path: "/x", operation: { ...operation, security } })
        .split(" \\\n  ")
        .slice(1)
        .join(" ");
    expect(credentialOf([{ session: ["a"] }, { secretKey: ["a"] }], "get")).toBe(
      '-H "Authorization: Bearer $HATCH_KEY"',
    );
    expect(credentialOf([{ session: [] }], "get")).toBe('-b "hatch_session=$HATCH_SESSION"');
    expect(credentialOf([{ session: [] }], "post")).toBe(
      '-b "hatch_session=$HATCH_SESSION" -H "X-Hatch-Csrf: $HATCH_CSRF"',
    );
    expect(credentialOf([{ widgetToken: ["progress:read"] }], "get")).toBe('-H "Authorization: Bearer $HATCH_TOKEN"');
    expect(credentialOf([], "post")).toBe("");
  });

  test("fills in the path and the query, and asks for no key where none is needed", () => {
    const parameters = [
      { name: "id", in: "path" as const, required: true, description: "", schema: {}, example: "a b/c" },
      { name: "explain", in: "query" as const, required: false, description: "", schema: {}, example: "true" },
    ];
    const command = curlOf({
      url: "http://h",
      method: "delete",
      path: "/v1/x/{id}",
      operation: { ...operation, security: [], parameters },
    });
    expect(command).toBe("curl -X DELETE 'http://h/v1/x/a%20b%2Fc?explain=true'");
  });
});

describe("every page", () => {
  const PAGES = [
    "/",
    "/docs",
    "/docs/guides",
    "/docs/guides/quickstart",
    "/docs/guides/verifying-signatures",
    "/docs/gallery",
    "/docs/gallery/overview",
    "/docs/gallery/trace",
  ];

  test.each(PAGES)("%s runs and loads nothing from elsewhere, and says so to the browser", async (path) => {
    const { headers } = await fetch(`${app.url}${path}`);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'self'; form-action 'none'",
    );
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("same-origin");
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  });

  test.each(PAGES)("%s has no script or style of its own in the mark-up", async (path) => {
    const page = await read(path);
    expect(page).not.toMatch(
      /<style|<script(?! (?:defer )?src="\/assets\/[^"]+"><\/script>)| style="| on[a-z]+="|javascript:/i,
    );
    for (const [, target] of page.matchAll(/(?:src|action|<link[^>]* href)="([^"]*)"/g))
      expect(target).toMatch(/^(?:\/|#)/);
    // A guide may lead elsewhere, where the reader chooses to go there.
    for (const [, target] of page.matchAll(/ href="([^"]*)"/g)) expect(target).toMatch(/^(?:\/|#|https:\/\/)/);
  });

  test.each(PAGES)("%s has each id once, and each link inside it leads somewhere", async (path) => {
    const page = await read(path);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
    const labels = [...page.matchAll(/aria-(?:labelledby|describedby)="([^"]+)"/g)].flatMap(([, text = ""]) =>
      text.split(" "),
    );
    expect(labels.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test("links to pages and assets that are there, with their types and for ever", async () => {
    const pages = await Promise.all(PAGES.map(read));
    const assets = [...pages.join("").matchAll(/(?:src|href)="(\/[^"#]*)"/g)].map(([, target]) => target ?? "");
    for (const target of new Set(assets)) {
      const { status, headers } = await fetch(`${app.url}${target}`);
      expect({ target, status }).toEqual({ target, status: 200 });
      if (!target.startsWith("/assets/")) continue;
      expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      const types = { css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8", svg: "image/svg+xml" };
      expect({ target, type: headers.get("content-type") }).toEqual({
        target,
        type: types[target.split(".").at(-1) as "css"],
      });
    }
  });

  test("is sent compressed to whom it may, and not again to whom has it", async () => {
    const packed = await fetch(`${app.url}/docs`, { headers: { "accept-encoding": "br;q=0, gzip" } });
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    expect(await packed.text()).toBe(reference);
    const refused = await fetch(`${app.url}/docs`, { headers: { "accept-encoding": "gzip;q=0" } });
    expect(refused.headers.get("content-encoding")).toBeNull();
    const etag = packed.headers.get("etag") ?? "";
    const again = await fetch(`${app.url}/docs`, { headers: { "if-none-match": `"other", W/${etag}` } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });

  test("answers HEAD with the same headers and no body", async () => {
    for (const path of ["/", "/docs", "/docs/guides", "/docs/gallery", "/favicon.ico"]) {
      const head = await fetch(`${app.url}${path}`, { method: "HEAD", headers: { "accept-encoding": "identity" } });
      const body = await (
        await fetch(`${app.url}${path}`, { headers: { "accept-encoding": "identity" } })
      ).arrayBuffer();
      expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([
        200,
        String(body.byteLength),
        "",
      ]);
    }
  });

  test("another path is refused in the one shape of all refusals", async () => {
    for (const path of [
      "/assets/nothing.css",
      "/assets/hatch.css",
      "/docs/guides/nothing",
      "/docs/guides/constructor",
    ]) {
      const missing = await fetch(`${app.url}${path}`);
      const { error } = (await missing.json()) as { error: { code: string } };
      expect([path, missing.status, error.code]).toEqual([path, 404, "not_found"]);
    }
  });
});

describe("the landing page", () => {
  test("shows what the product really does with its example", async () => {
    const send = (path: string, method: string, body: unknown) =>
      fetch(`${app.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${keys.test}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    expect((await send("/v1/program/draft", "PUT", config.program)).status).toBe(200);
    expect((await send("/v1/program/publish", "POST", {})).status).toBe(200);
    const past = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
    for (const days of [2, 1]) {
      const earlier = {
        type: "lesson_completed",
        userId: EXAMPLE_EVENT.userId,
        occurredAt: past(days),
        properties: { score: 99 },
      };
      expect((await send("/v1/events", "POST", earlier)).status).toBe(201);
    }
    const answer = (await (await send("/v1/events", "POST", EXAMPLE_EVENT)).json()) as { effects: object[] };
    expect(answer.effects).toMatchObject(EXAMPLE_EFFECTS.map((effect) => ({ ...effect })));
    expect(answer.effects).toHaveLength(EXAMPLE_EFFECTS.length);
    const level = answer.effects.find((effect) => "track" in effect);
    const { data } = JSON.parse(EXAMPLE_DELIVERY_BODY) as { data: object };
    const { id: _id, type: _type, userId: _userId, ...fields } = level as Record<string, unknown>;
    expect(data).toMatchObject(fields);
  });

  test("shows a signature that is right for the bytes beside it", () => {
    const text = landing.replaceAll(/<[^>]*>/g, "").replaceAll("&quot;", '"');
    expect(text).toContain(EXAMPLE_DELIVERY_BODY);
    const signature = createHmac("sha256", EXAMPLE_SECRET)
      .update(`${EXAMPLE_TIMESTAMP}.${EXAMPLE_DELIVERY_BODY}`)
      .digest("hex");
    expect(text).toContain(`X-Hatch-Signature: sha256=${signature}`);
    expect(text).toContain(EXAMPLE_SECRET);
  });

  test.skipIf(Bun.which("curl") === null)(
    "gives commands that work as they stand, with the address of this installation",
    async () => {
      const commands = [...landing.matchAll(/<code id="command-\d">(.*?)<\/code>/gs)].map(([, text = ""]) =>
        text
          .replaceAll(/<[^>]*>/g, "")
          .replaceAll("&quot;", '"')
          .replaceAll("&lt;", "<")
          .replaceAll("&amp;", "&"),
      );
      expect(commands).toHaveLength(3);
      const script = commands
        .join("\n")
        .replace(/export HATCH_KEY=\S+.*/, "")
        .replaceAll("curl ", "curl -sS -w '%{http_code}\\n' -o /dev/null ");
      const ran = Bun.spawn(["sh", "-c", script], { env: { PATH: process.env.PATH, HATCH_KEY: keys.test } });
      expect((await new Response(ran.stdout).text()).trim().split("\n")).toEqual(["201", "200", "201"]);
    },
  );
});

describe("the API reference", () => {
  test("has an entry with its command for each operation of the document", async () => {
    const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(ids.length).toBeGreaterThan(30);
    for (const id of ids) {
      const entry =
        reference.slice(reference.indexOf(`<article class="operation" id="${id}"`)).split("</article>")[0] ?? "";
      expect({ id, hasEntry: entry.startsWith("<article") }).toEqual({ id, hasEntry: true });
      expect({ id, hasCommand: entry.includes(`curl `) && entry.includes(`${app.url}/v1/`) }).toEqual({
        id,
        hasCommand: true,
      });
    }
  });

  test("has a copy button for each command, and the command is whole", () => {
    const commands = [...reference.matchAll(/data-copy="([\w-]+)-command"/g)].map(([, id]) => id);
    expect(commands.length).toBeGreaterThan(30);
    for (const id of commands) expect(reference).toContain(`<code id="${id}-command">curl`);
  });

  test("tells of every outbound event and every error code", async () => {
    for (const name of ["points.earned", "level.changed", "score.created", "subscription.paused"]) {
      expect(reference).toContain(`<code>${name}</code>`);
    }
    for (const code of ["validation_failed", "event_conflict", "rate_limited"])
      expect(reference).toContain(`id="error-${code}"`);
  });
});

describe("the guides", () => {
  test("are listed in their order, each leading to itself", async () => {
    const list = await read("/docs/guides");
    const listed = [...list.matchAll(/<a href="\/docs\/guides\/([\w-]+)"><h2>/g)].map(([, slug]) => slug);
    expect(listed).toEqual(GUIDES.map(({ slug }) => slug));
  });

  test("have their title once, their headings as contents, and what stands before and after", async () => {
    const middle = GUIDES[1];
    const page = await read(`/docs/guides/${middle?.slug}`);
    expect(page.match(/<h1/g)).toHaveLength(1);
    for (const { id } of (middle?.headings ?? []).filter(({ level }) => level <= 3))
      expect(page).toContain(`href="#${id}"`);
    expect(page).toContain(`href="/docs/guides/${GUIDES[0]?.slug}" rel="prev"`);
    expect(page).toContain(`href="/docs/guides/${GUIDES[2]?.slug}" rel="next"`);
  });

  test("colour code without changing a character of it", async () => {
    const text = (markup: string): string =>
      markup
        .replaceAll(/<[^>]*>/g, "")
        .replaceAll("&#39;", "'")
        .replaceAll("&gt;", ">");
    const codesOf = (markup: string) =>
      [...markup.matchAll(/<code id="(code-\d+)"[^>]*>(.*?)<\/code>/gs)].map(([, id, code = ""]) => [id, text(code)]);
    for (const { slug, html: given } of GUIDES) {
      const shown = await read(`/docs/guides/${slug}`);
      expect([slug, codesOf(shown)]).toEqual([slug, codesOf(given)]);
    }
    expect(await read("/docs/guides/verifying-signatures")).toContain('<span class="tok-word">import</span>');
  });

  test("offer a copy button wherever the text has one, for the script to serve", async () => {
    const page = await read("/docs/guides/quickstart");
    expect(page).not.toMatch(/<button class="copy"[^>]* hidden/);
    expect(page).toMatch(/<button class="copy needs-script"[^>]*data-copy="code-1"/);
  });
});
