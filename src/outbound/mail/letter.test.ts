import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readTokens, toHex } from "../../../tests/support/colours.ts";
import { type Letter, namedInLetter, writeLetter } from "./letter.ts";
import { LETTER_COLOURS, LIST_COLOURS } from "./letter-style.ts";

const LETTER: Letter = {
  title: "Grace invites you to Riverside School",
  paragraphs: ["You may look at everything, and change what happens in the test environment.", "Come in."],
  action: { label: "Accept the invitation", url: "https://hatch.example.com/invitations#AbC" },
  facts: [
    { name: "Workspace", value: "Riverside School" },
    { name: "Role", value: "Developer" },
  ],
  remarks: ["The link works once, until 27 November 2026, 18:04 UTC."],
  footer: "You get this because somebody entered your address at hatch.example.com.",
};

test("the text says all that the letter says, in lines that a terminal shows", () => {
  expect(writeLetter(LETTER).text).toBe(`Grace invites you to Riverside School

You may look at everything, and change what happens in the test
environment.

Come in.

Accept the invitation:
https://hatch.example.com/invitations#AbC

Workspace:  Riverside School
Role:       Developer

The link works once, until 27 November 2026, 18:04 UTC.

-- 
You get this because somebody entered your address at hatch.example.com.
`);
});

test("a letter of one sentence has no empty parts", () => {
  const { text, html } = writeLetter({ title: "It works", paragraphs: [], footer: "Sent by hand." });
  expect(text).toBe("It works\n\n-- \nSent by hand.\n");
  expect(html).not.toMatch(/<a |class="fact"|undefined/);
});

test("a link is never broken, however long", () => {
  const url = `https://hatch.example.com/reset#${"x".repeat(500)}`;
  expect(writeLetter({ ...LETTER, action: { label: "Choose a password", url } }).text.split("\n")).toContain(url);
});

describe("the HTML", () => {
  const { html } = writeLetter(LETTER);

  test("says the same, and leads to the same place by button and in plain", () => {
    for (const said of [LETTER.title, ...LETTER.paragraphs, ...(LETTER.remarks ?? []), LETTER.footer, "Developer"]) {
      expect(html).toContain(said);
    }
    const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, link]) => link);
    expect(links).toEqual([LETTER.action?.url, LETTER.action?.url]);
  });

  test("fetches nothing, runs nothing, asks for nothing", () => {
    expect(html).not.toMatch(/<(?:img|script|link|iframe|form|input|object|video|audio|svg|base)\b/i);
    expect(html).not.toMatch(/url\(|@import|@font-face|\bon\w+=|src=|background=/i);
    const addresses = [...html.matchAll(/https?:\/\/[^"<\s]+/g)].map(([address]) => address);
    expect(new Set(addresses)).toEqual(new Set(["https://hatch.example.com/invitations#AbC"]));
  });

  test("stays below what mail programs cut off", () => {
    expect(Buffer.byteLength(html)).toBeLessThan(20_000);
  });

  test("has the colours of the pages, each of which is there in dark too", () => {
    const tokens = readTokens(readFileSync(join(import.meta.dir, "../../../static/ui/tokens.css"), "utf8"));
    for (const scheme of ["light", "dark"] as const) {
      for (const [name, hex] of Object.entries(LETTER_COLOURS[scheme])) {
        expect([scheme, name, hex]).toEqual([scheme, name, toHex(tokens[scheme][name] ?? expect.unreachable())]);
        expect(html).toContain(hex);
      }
    }
  });
});

describe("a letter with figures and lists", () => {
  const written = writeLetter({
    title: "1 of 2 endpoints needs you",
    paragraphs: [],
    figures: [
      { label: "Deliveries", value: "1,204", note: "1,180 the day before" },
      { label: "Came through", value: "99.2 %" },
    ],
    sections: [
      {
        heading: "Endpoints that need you",
        lines: ["In the live environment."],
        entries: [
          {
            name: "hooks.example.com/<b>",
            note: "sub_1 · Production",
            state: { text: "paused", tone: "bad" },
            lines: ["It refuses the signature (401)."],
            commands: ["POST /v1/webhooks/sub_1/recover"],
          },
          { name: "pull", lines: [] },
          { name: "slow", state: { text: "slow", tone: "warn" }, lines: [] },
          { name: "well", state: { text: "well", tone: "ok" }, lines: [] },
          { name: "old", state: { text: "idle", tone: "plain" }, lines: [] },
        ],
        rest: "And 12 more.",
      },
    ],
    footer: "Why.",
  });

  test("tells them in lines", () => {
    expect(written.text).toBe(`1 of 2 endpoints needs you

Deliveries:    1,204 (1,180 the day before)
Came through:  99.2 %

Endpoints that need you
-----------------------

In the live environment.

* hooks.example.com/<b> [paused]
  sub_1 · Production
  It refuses the signature (401).
  POST /v1/webhooks/sub_1/recover

* pull

* slow [slow]

* well [well]

* old [idle]

And 12 more.

-- 
Why.
`);
  });

  test("shows them with colours that are there in dark too, and fetches nothing", () => {
    const tokens = readTokens(readFileSync(join(import.meta.dir, "../../../static/ui/tokens.css"), "utf8"));
    for (const scheme of ["light", "dark"] as const) {
      for (const [name, hex] of Object.entries(LIST_COLOURS[scheme])) {
        expect([scheme, name, hex]).toEqual([scheme, name, toHex(tokens[scheme][name] ?? expect.unreachable())]);
        expect(written.html).toContain(hex);
      }
    }
    expect(written.html).toContain("hooks.example.com/&#60;b&#62;");
    expect(written.html).not.toMatch(/<(?:img|script|link|iframe|form|input|svg)\b|url\(|@import|src=/i);
  });
});

describe("what somebody chose", () => {
  const hostile = `</td><script>alert(1)</script><img src=x onerror="alert(1)"> & 'quoted'`;

  test("is text wherever it stands", () => {
    const { html, text } = writeLetter({
      title: hostile,
      paragraphs: [hostile],
      action: { label: hostile, url: "https://hatch.example.com/?a=1&b='2'" },
      figures: [{ label: hostile, value: hostile, note: hostile }],
      sections: [
        {
          heading: hostile,
          lines: [hostile],
          entries: [
            {
              name: hostile,
              note: hostile,
              state: { text: hostile, tone: "bad" },
              lines: [hostile],
              commands: [hostile],
            },
          ],
          rest: hostile,
        },
      ],
      facts: [{ name: hostile, value: hostile }],
      remarks: [hostile],
      footer: hostile,
    });
    expect(html).not.toMatch(/<script|<img|onerror="/);
    expect(html.match(/&#60;script&#62;/g)).toHaveLength(19);
    expect(html).toContain("https://hatch.example.com/?a=1&#38;b=&#39;2&#39;");
    expect(text).toContain("<script>alert(1)</script>");
  });

  test("adds no lines and turns no directions around", () => {
    const { text, html } = writeLetter({
      ...LETTER,
      paragraphs: ["one\r\n\r\n-- \r\nfake footer\u0000\u202e gnorw\u2028x"],
    });
    expect(text).toContain("\none -- fake footer gnorw x\n");
    expect(html).not.toMatch(/[\u202a-\u202e\u2028\0]/);
  });

  test.each([
    ["Riverside School", "Riverside School"],
    ["Acme Inc.", "Acme Inc."],
    ["Win at https://evil.example/now", "Win at https://\u200bevil.\u200bexample/\u200bnow"],
    ["evil.example", "evil.\u200bexample"],
    ["mail eve@evil.example", "mail eve@\u200bevil.\u200bexample"],
    ["Two\nlines", "Two lines"],
    ["x".repeat(90), `${"x".repeat(60)}…`],
    ["🐣".repeat(61), `${"🐣".repeat(60)}…`],
  ])("%p is named without becoming a link or a letter of its own", (name, named) => {
    expect(namedInLetter(name)).toBe(named);
  });

  test.each(["javascript:alert(1)", "data:text/html,x", "/relative", "https://a b", 'https://a"b', ""])(
    "%p is no place to lead to",
    (url) => {
      expect(() => writeLetter({ ...LETTER, action: { label: "Go", url } })).toThrow("a letter leads to a web address");
    },
  );
});
