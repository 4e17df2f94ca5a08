import type { JsonObject } from "../kernel/json.ts";
import type { DocumentWebhook, OpenApiDocument } from "./openapi-types.ts";
import { fieldRows, fieldTable } from "./reference-schema.ts";
import { showInline, slug } from "./reference-text.ts";
import { showJson } from "./site-code.ts";
import { type Html, html, type Piece } from "./site-html.ts";
import { codeBlock } from "./site-layout.ts";

export const webhookAnchor = (name: string): string => `on-${slug(name)}`;

/** The chapter of what a subscriber's endpoint receives. */
export async function showWebhooks(
  { webhooks, components }: OpenApiDocument,
  breathe: () => Promise<void>,
): Promise<Piece> {
  const entries: Html[] = [];
  for (const [name, webhook] of Object.entries(webhooks)) {
    entries.push(showWebhook(name, webhook, components.schemas));
    await breathe();
  }
  if (entries.length === 0) return false;
  return html`<section class="chapter" id="outbound-events" aria-labelledby="outbound-events-title">
<div class="chapter-head"><h2 id="outbound-events-title">Outbound events</h2><p>What your endpoint receives. Each comes as <code>{"id", "event", "timestamp", "data"}</code>; below is what <code>data</code> holds.</p></div>
${entries}
</section>`;
}

function showWebhook(name: string, { post }: DocumentWebhook, components: Readonly<Record<string, JsonObject>>): Html {
  const content = post.requestBody?.content["application/json"];
  const { data } = (content?.schema.properties ?? {}) as Readonly<Record<string, JsonObject>>;
  const rows = data ? fieldRows(data, components) : [];
  const id = webhookAnchor(name);
  return html`<article class="operation" id="${id}" aria-labelledby="${id}-title"><div class="told"><h3 id="${id}-title"><a class="anchor" href="#${id}"><code>${name}</code></a></h3><p>${showInline(post.description ?? "")}</p>${fieldTable(rows, { caption: `Fields of data of ${name}`, marksRequired: false })}</div>
<div class="shown">${content?.example !== undefined && codeBlock({ caption: "Body", code: showJson(content.example), label: `The body of ${name}` })}</div></article>`;
}
