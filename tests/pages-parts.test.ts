import { describe, expect, test } from "bun:test";
import { h } from "preact";
import { renderToString } from "preact-render-to-string";
import { bundlePages, PAGE_SCRIPTS } from "../static/bundle.ts";
import { Button } from "../static/ui/button.tsx";
import { Chart } from "../static/ui/chart.tsx";
import { areaPath, linePath, nearestIndex, placesOf, scaleOf } from "../static/ui/chart-geometry.ts";
import { tokensOf } from "../static/ui/code-tokens.ts";
import { Confirm } from "../static/ui/dialog.tsx";
import { Field } from "../static/ui/field.tsx";
import { Form } from "../static/ui/form.tsx";
import { ShortId } from "../static/ui/short-id.tsx";
import { Pagination, Table } from "../static/ui/table.tsx";
import { exactTime, relativeTime } from "../static/ui/time-words.ts";
import { Waterfall } from "../static/ui/waterfall.tsx";

// The parts as the server writes them, and the pure computations behind them.

const NOW = Date.UTC(2026, 10, 20, 14, 2, 32);
const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

describe("a time in words", () => {
  test.each([
    [0, "just now"],
    [4 * SECOND, "just now"],
    [5 * SECOND, "5 s ago"],
    [59 * SECOND, "59 s ago"],
    [MINUTE, "1 min ago"],
    [59 * MINUTE, "59 min ago"],
    [HOUR, "1 h ago"],
    [47 * HOUR, "47 h ago"],
    [2 * DAY, "2 d ago"],
    [13 * DAY, "13 d ago"],
    [14 * DAY, "6 Nov 2026"],
    [-SECOND, "in a moment"],
    [-4 * MINUTE, "in 4 min"],
    [-DAY, "in 24 h"],
  ])("%p ms ago is %p", (distance, words) => expect(relativeTime(NOW - distance, NOW)).toBe(words));

  test("the exact time names its zone, and a change of clocks is one", () => {
    expect(exactTime(NOW, "UTC")).toBe("Fri, 20 Nov 2026, 14:02:32.000 UTC");
    const night = Date.UTC(2026, 9, 25, 0, 30);
    expect(exactTime(night, "Europe/Berlin")).toContain("02:30:00.000 CEST");
    expect(exactTime(night + HOUR, "Europe/Berlin")).toContain("02:30:00.000 CET");
  });
});

describe("the scale of a chart", () => {
  test.each([
    [0, true, [0, 1]],
    [1, true, [0, 1]],
    [2, true, [0, 1, 2]],
    [7, true, [0, 3, 6, 9]],
    [4410, true, [0, 1500, 3000, 4500]],
    [100, true, [0, 40, 80, 120]],
    [0.9, false, [0, 0.3, 0.6, 0.9]],
    [Number.NaN, false, [0, 1]],
  ])("up to %p (whole: %p) has the steps %p", (highest, isWhole, ticks) =>
    expect(scaleOf(highest, isWhole).ticks).toEqual(ticks),
  );

  test("holds the highest value in at most four steps, whatever it is", () => {
    for (let exponent = -3; exponent < 12; exponent++) {
      for (const factor of [1, 1.01, 1.7, 2.3, 3.3, 4.9, 7.7, 9.99]) {
        const highest = factor * 10 ** exponent;
        const { ticks, top } = scaleOf(highest, false);
        expect({ highest, holds: top >= highest * (1 - 1e-9) && top <= highest * 1.7 }).toEqual({
          highest,
          holds: true,
        });
        expect(ticks.length).toBeLessThanOrEqual(5);
      }
    }
  });
});

describe("the line of a chart", () => {
  test("leaves a gap where nothing was measured, and makes nothing up", () => {
    const places = placesOf([10, null, 0, 5], 10);
    expect(places).toEqual([{ x: 0, y: 0 }, null, { x: 200 / 3, y: 100 }, { x: 100, y: 50 }]);
    expect(linePath(places)).toBe("M0 0M66.67 100L100 50");
    expect(areaPath(places)).toBe("M0 100L0 0L0 100ZM66.67 100L66.67 100L100 50L100 100Z");
  });

  test("has one place in the middle where there is one value, and none where there is none", () => {
    expect(placesOf([3], 3)).toEqual([{ x: 50, y: 0 }]);
    expect(linePath(placesOf([null, null], 1))).toBe("");
  });

  test("is read at the value that is nearest", () => {
    expect([-1, 0, 0.24, 0.26, 0.99, 2].map((share) => nearestIndex(share, 3))).toEqual([0, 0, 0, 1, 2, 2]);
  });

  test("stands on the page with the same figures as a table, and says its last value to who can't see it", () => {
    const chart = renderToString(
      h(Chart, {
        id: "c",
        label: "Events",
        axis: "Time",
        labels: ["13:00", "14:00"],
        series: [
          { name: "events", values: [1204, 7], tone: "accent" },
          { name: "failed", values: [0, null], tone: "bad" },
        ],
      }),
    );
    expect(chart).toContain('aria-valuetext="14:00: 7 events, no data failed"');
    expect(chart).toContain('<th scope="row">13:00</th><td class="figure">1,204</td><td class="figure">0</td>');
    expect(chart).not.toContain("style=");
  });
});

describe("code in colours", () => {
  const kinds = (code: string, language: string): string[] =>
    tokensOf(code, language).flatMap(({ kind, text }) => (kind === "plain" ? [] : [`${kind} ${text}`]));

  test("names of JSON are not values", () => {
    expect(kinds('{"a": "b", "c": [1, true]}', "json").filter((one) => one.startsWith("value"))).toEqual([
      'value "b"',
      "value 1",
      "value true",
    ]);
  });

  test("an aside is one only where the language has it", () => {
    expect(kinds('curl "$URL#part" # why', "sh")).toEqual(['value "$URL#part"', "quiet # why"]);
    expect(kinds("a = b // 2  # half", "python")).toEqual(["value 2", "quiet # half"]);
    expect(kinds("const a = '//'; // why", "ts")).toEqual(["word const", "value '//'", "quiet // why"]);
    expect(kinds('echo "${#list}" ${x#y}', "sh")).toEqual(['value "${#list}"']);
  });

  test("the shell's own quotes go over lines and know no escape", () => {
    expect(kinds('-d \'{\n "a": "it\\\'', "shell")).toEqual(['value \'{\n "a": "it\\\'']);
  });

  test("what is not known is shown as it is", () => {
    expect(tokensOf("if <b>", "text")).toEqual([{ kind: "plain", text: "if <b>" }]);
  });

  test("not a character is lost, whatever the text", () => {
    const texts = ['"open', "'a\n", "`${", "/* open", '{"a":', "#!/bin/sh\n'", "a\\", "😀 “x” \u0000", "<?php // x ?>"];
    for (const text of texts) {
      for (const language of ["json", "ts", "python", "go", "php", "ruby", "sh", "yaml", "none"]) {
        const joined = tokensOf(text, language)
          .map((token) => token.text)
          .join("");
        expect({ language, joined }).toEqual({ language, joined: text });
      }
    }
  });

  test("a long text takes no longer than it is long", () => {
    const started = performance.now();
    for (const piece of ['"', "'", "`", "/*", "\\", "a", "{", "# "]) {
      for (const language of ["json", "ts", "python", "php", "sh"]) tokensOf(piece.repeat(20_000), language);
    }
    expect(performance.now() - started).toBeLessThan(4_000);
  });
});

describe("a field", () => {
  const field = (props: Partial<Parameters<typeof Field>[0]>) =>
    renderToString(h(Field, { id: "a", label: "A", ...props }));

  test("is tied to what is wrong before what helps, and is not invalid without a fault", () => {
    expect(field({ help: "h", fault: "f" })).toContain('aria-describedby="a-error a-help" aria-invalid="true"');
    expect(field({})).not.toMatch(/aria-|optional/);
    expect(field({ required: false })).toContain("optional");
  });

  test("escapes whatever comes back", () => {
    expect(field({ value: '"><script>', fault: "<b>" })).toContain('value="&quot;>&lt;script>"');
    expect(field({ fault: "<b>" })).toContain("<span>&lt;b></span>");
  });
});

describe("a form", () => {
  test("posts, and carries its token where there is one", () => {
    const form = renderToString(h(Form, { action: "/x", csrf: 't"', children: "y" }));
    expect(form).toStartWith('<form class="form" method="post" action="/x"');
    expect(form).toContain('<input type="hidden" name="csrf" value="t&quot;"/>');
    expect(renderToString(h(Form, { action: "/x", children: "y" }))).not.toContain("csrf");
  });

  test("that asks first repeats the verb, and what is typed is compared literally", () => {
    const dialog = renderToString(
      h(Confirm, { id: "d", title: "Erase a.b", action: "/x", verb: "Erase it", typed: "a.b-c|d", children: "y" }),
    );
    const pattern = new RegExp(`^(?:${/pattern="([^"]*)"/.exec(dialog)?.[1]})$`, "v");
    expect(["a.b-c|d", "a.b-c", "axb-c|d"].map((text) => pattern.test(text))).toEqual([true, false, false]);
    expect(dialog).toMatch(/type="submit">Erase it<\/button>.*formmethod="dialog"[^>]*>Keep it<\/button>/);
  });

  test("a button at work can't be pressed again, and stays where the focus is", () => {
    const busy = renderToString(h(Button, { isBusy: true, children: "Save" }));
    expect(busy).toContain('aria-busy="true"');
    expect(busy).not.toContain(" disabled");
  });
});

describe("a table", () => {
  const table = (rows: readonly string[]) =>
    renderToString(
      h(Table<string>, {
        caption: "Things",
        columns: [
          { key: "name", head: "Name", cell: (row) => row },
          { key: "size", head: "Size", cell: (row) => row.length, isFigure: true },
        ],
        rows,
        keyOf: (row) => row,
        hrefOf: (row) => `/x/${encodeURIComponent(row)}`,
        empty: "Nothing yet",
      }),
    );

  test("has one link per row, which names it, and figures at the right", () => {
    expect(table(["a/b"])).toContain(
      '<tr><th scope="row"><a class="row-link" href="/x/a%2Fb">a/b</a></th><td class="figure">3</td></tr>',
    );
  });

  test("says what it is where there is nothing", () => expect(table([])).toBe("Nothing yet"));

  test("offers no page that is not there", () => {
    const pages = renderToString(h(Pagination, { shown: "all", olderHref: "?after=x" }));
    expect(pages).toContain('<a class="button" href="?after=x" rel="next">');
    expect(pages).toContain('<span class="button button-off">');
  });
});

describe("what is shortened or drawn", () => {
  test("an id is whole on the page, however short it looks", () => {
    const id = "dlv_01kag6w91xe0jbq4zt8n5r2mvc";
    const shown = renderToString(h(ShortId, { id }));
    expect(shown.replaceAll(/<[^>]*>/g, "")).toBe(id);
    expect(shown).toContain(`data-copy-text="${id}"`);
    expect(renderToString(h(ShortId, { id: "user_42" }))).not.toContain("id-middle");
  });

  test("a phase stays inside its track and is never too short to be seen", () => {
    const phases = [
      { name: "waited", startMs: 0, endMs: 0, kind: "own" as const },
      { name: "body", startMs: 12_000, endMs: 12_000, kind: "other" as const },
      { name: "first byte", startMs: 0, endMs: 12_000, kind: "way" as const },
    ];
    const drawn = renderToString(h(Waterfall, { label: "x", phases }));
    for (const [, x, width] of drawn.matchAll(/x="([\d.]+)%" width="([\d.]+)%"/g)) {
      expect(Number(width)).toBeGreaterThan(0.3);
      expect(Number(x) + Number(width)).toBeLessThanOrEqual(100.01);
    }
    expect(drawn).toContain("12.0 s");
  });
});

describe("the scripts of the pages", () => {
  test("are the same text whenever they are made, small, and know no path of this machine", async () => {
    const [one, other] = [await bundlePages(), await bundlePages()];
    expect(one).toEqual(other);
    expect(Object.keys(one).sort()).toEqual(Object.keys(PAGE_SCRIPTS).sort());
    const packed = (name: keyof typeof one): number => Bun.gzipSync(Buffer.from(one[name])).length;
    expect(packed("theme.js")).toBeLessThan(400);
    expect(packed("page.js")).toBeLessThan(4_000);
    expect(packed("gallery.js")).toBeLessThan(16_000);
    for (const text of Object.values(one)) {
      expect(text).not.toContain(import.meta.dir.replace(/\/tests$/, ""));
      // Nothing that a policy without "unsafe-eval" would stop, and nobody to be asked.
      expect(text).not.toMatch(/\beval\(|new Function|https?:\/\/(?!www\.w3\.org\/)/);
    }
  });
});
