import { Html, html } from "./site-html.ts";

export interface Heading {
  readonly id: string;
  readonly text: string;
  readonly level: number;
}

export interface Rendered {
  /** The first heading of the first level; it is not part of `html`. */
  readonly title: string;
  /** The first paragraph, as plain text. */
  readonly summary: string;
  readonly html: string;
  readonly headings: readonly Heading[];
}

const LANGUAGES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    caddyfile: "Caddyfile",
    console: "As root",
    go: "Go",
    html: "HTML",
    http: "HTTP",
    ini: "Unit file",
    js: "JavaScript",
    json: "JSON",
    nginx: "nginx",
    php: "PHP",
    python: "Python",
    ruby: "Ruby",
    sh: "Shell",
    sql: "SQL",
    text: "Output",
    ts: "TypeScript",
    yaml: "YAML",
  }),
);

const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

/** What a reader sees of markup that we made ourselves. */
const plain = (markup: string): string =>
  markup
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity)
    .replaceAll(/\s+/g, " ")
    .trim();

/** The anchor that GitHub gives a heading too, so that a link holds in both places. */
const anchorOf = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");

function createAnchors(): (text: string) => string {
  const used = new Map<string, number>();
  return (text) => {
    const anchor = anchorOf(text);
    const times = used.get(anchor) ?? 0;
    used.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  };
}

/**
 * A text of ours as a page shows it. Raw HTML is shown as text, pictures as their description, and a link is
 * kept only where `addressOf` knows where it leads.
 */
export function renderMarkdown(text: string, addressOf: (target: string) => string | undefined): Rendered {
  const headings: Heading[] = [];
  const anchor = createAnchors();
  let title: string | undefined;
  let summary: string | undefined;
  let blocks = 0;
  const inside = (children: string): Html => new Html(children);

  const heading = (children: string, level: number): string => {
    const words = plain(children);
    const id = anchor(words);
    if (level === 1 && title === undefined) {
      title = words;
      return "";
    }
    headings.push({ id, text: words, level });
    return new Html(`<h${level} id="${id}">${children}</h${level}>\n`).text;
  };

  const code = (children: string, language: string | undefined): string => {
    blocks += 1;
    const known = LANGUAGES.get(language ?? "");
    const name = known ?? "Code";
    const label = `${name}, block ${blocks}`;
    const id = `code-${blocks}`;
    // An output is read, not copied.
    const copy =
      language !== "text" &&
      html`<button class="copy" type="button" data-copy="${id}" aria-label="Copy: ${label}" hidden>Copy</button>`;
    return html`<figure class="code"><figcaption><span>${name}</span>${copy}</figcaption><pre tabindex="0" role="group" aria-label="${label}"><code id="${id}" class="language-${known === undefined ? "none" : language}">${inside(children)}</code></pre></figure>
`.text;
  };

  const link = (children: string, target: string): string => {
    const address = addressOf(target);
    return address === undefined ? children : html`<a href="${address}">${inside(children)}</a>`.text;
  };

  const rendered = Bun.markdown.render(
    text,
    {
      text: (words) => html`${words}`.text,
      heading: (children, { level }) => heading(children, level),
      paragraph: (children) => {
        summary ??= plain(children);
        return `<p>${children}</p>\n`;
      },
      code: (children, meta) => code(children, meta?.language),
      codespan: (children) => `<code>${children}</code>`,
      strong: (children) => `<strong>${children}</strong>`,
      emphasis: (children) => `<em>${children}</em>`,
      strikethrough: (children) => `<del>${children}</del>`,
      blockquote: (children) => `<blockquote>${children}</blockquote>\n`,
      list: (children, { ordered }) => (ordered ? `<ol>${children}</ol>\n` : `<ul>${children}</ul>\n`),
      listItem: (children) => `<li>${children}</li>`,
      hr: () => "<hr>\n",
      table: (children) =>
        `<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>${children}</table></div>\n`,
      thead: (children) => `<thead>${children}</thead>`,
      tbody: (children) => `<tbody>${children}</tbody>`,
      tr: (children) => `<tr>${children}</tr>`,
      th: (children) => `<th scope="col">${children}</th>`,
      td: (children) => `<td>${children}</td>`,
      image: (children) => children,
      link: (children, { href }) => link(children, href),
    },
    { noHtmlBlocks: true, noHtmlSpans: true },
  );
  return { title: title ?? "", summary: summary ?? "", html: rendered, headings };
}
