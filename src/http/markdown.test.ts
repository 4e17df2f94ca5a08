import { describe, expect, test } from "bun:test";
import { renderMarkdown } from "./markdown.ts";

const nowhere = () => undefined;
const anywhere = (target: string) => target;
const render = (text: string) => renderMarkdown(text, nowhere).html;

describe("a text of ours", () => {
  test("gives its title and its first paragraph, and the title is not said twice", () => {
    const rendered = renderMarkdown("# Send & `decide`\n\nIt *works* with <b> too.\n\nMore.\n", nowhere);
    expect(rendered.title).toBe("Send & decide");
    expect(rendered.summary).toBe("It works with <b> too.");
    expect(rendered.html).toBe("<p>It <em>works</em> with &lt;b&gt; too.</p>\n<p>More.</p>\n");
    expect(rendered.headings).toEqual([]);
  });

  test("has the anchors that GitHub gives, each once", () => {
    const { html, headings } = renderMarkdown("# Same\n\n## Same\n\n### A `key`, kept & safe?\n\n## Ä_b-c\n", nowhere);
    expect(headings).toEqual([
      { id: "same-1", text: "Same", level: 2 },
      { id: "a-key-kept--safe", text: "A key, kept & safe?", level: 3 },
      { id: "ä_b-c", text: "Ä_b-c", level: 2 },
    ]);
    for (const { id, level } of headings) expect(html).toContain(`<h${level} id="${id}">`);
  });

  test("a fenced block is named, numbered, can be tabbed to and copied", () => {
    const html = render('```sh server\nhatch serve <a> & "b"\n```\n\n```ts\nconst a = 1;\n```\n');
    expect(html).toContain("<span>Shell</span>");
    expect(html).toContain('data-copy="code-1" aria-label="Copy: Shell, block 1" hidden');
    expect(html).toContain(
      '<pre tabindex="0" role="group" aria-label="Shell, block 1"><code id="code-1" class="language-sh">hatch serve &lt;a&gt; &amp; &quot;b&quot;\n</code></pre></figure>',
    );
    expect(html).toContain('<code id="code-2" class="language-ts">const a = 1;\n</code>');
    expect(html).not.toContain("server");
  });

  test("an output has no button to copy it", () => {
    expect(render("```text\n{}\n```\n")).toContain("<span>Output</span></figcaption>");
  });

  test("a table scrolls by itself, its head says so", () => {
    const html = render("| a | b |\n| - | -: |\n| 1 | `x \\| y` |\n");
    expect(html).toBe(
      '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead><tbody><tr><td>1</td><td><code>x | y</code></td></tr></tbody></table></div>\n',
    );
  });

  test("lists, quotes and emphasis are what they are", () => {
    expect(render("1. a\n2. b\n   - **c**\n\n> d\n")).toBe(
      "<ol><li>a</li><li>b<ul><li><strong>c</strong></li></ul>\n</li></ol>\n<blockquote><p>d</p>\n</blockquote>\n",
    );
  });

  test("a text without title or paragraph is not an error", () => {
    expect(renderMarkdown("", nowhere)).toEqual({ title: "", summary: "", html: "", headings: [] });
  });
});

describe("what must not get through", () => {
  const tagsOf = (html: string) => new Set([...html.matchAll(/<\/?([a-z0-9]+)/gi)].map((match) => match[1]));

  test.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a <b onclick=x>b</b>",
    '<div onclick="x">\n\nhi\n\n</div>',
    "<!-- --><svg/onload=x>",
    "<style>*{}</style>",
    "<https://example.com/><iframe>",
    "&lt;script&gt;",
    "`</code><script>`",
    "![<img onerror=x>](x.png)",
    "# <h1 onclick=x>",
    "| <td onclick=x> |\n| - |\n| <script> |",
  ])("raw HTML is shown, not obeyed: %p", (text) => {
    const html = renderMarkdown(`# T\n\n${text}`, anywhere).html;
    const ours = ["p", "h1", "code", "a", "div", "table", "thead", "tbody", "tr", "th", "td"];
    expect([...tagsOf(html)].filter((tag) => !ours.includes(tag as string))).toEqual([]);
    expect(html.replaceAll(/ id="[^"]*"| href="[^"]*"/g, "")).not.toMatch(/<[^>]+\son\w+=/);
    if (/^<(?:div|script|style)/.test(text)) expect(html).toContain(`&lt;${text.slice(1, 4)}`);
  });

  test("an address cannot leave its attribute", () => {
    const html = renderMarkdown('[a](https://x/"onmouseover=alert(1))', anywhere).html;
    expect(html).toBe('<p><a href="https://x/&quot;onmouseover=alert(1)">a</a></p>\n');
  });

  test("a title of a link is left out, and with it what it could carry", () => {
    expect(renderMarkdown('[a](#b "x\\" onclick=y")', anywhere).html).toBe('<p><a href="#b">a</a></p>\n');
  });

  test("a link that leads nowhere is only its text", () => {
    expect(render("[a](javascript:alert(1)) and [b][c]\n\n[c]: data:text/html,x")).toBe("<p>a and b</p>\n");
  });

  test("the language of a block is one that we know, or none", () => {
    for (const language of ['"onx=1', "x><script>", "constructor", "__proto__"]) {
      const html = render(`~~~${language}\nfoo\n~~~\n`);
      expect(html).toContain('class="language-none"');
      expect(html).toContain("<span>Code</span>");
      expect(html).not.toContain(language);
    }
  });
});
