/** @jsxImportSource preact */
import { CodeBlock } from "../../static/ui/code-block.tsx";
import type { JsonObject } from "../kernel/json.ts";
import type { DocumentWebhook } from "./openapi-types.ts";
import { FieldTable } from "./reference-fields.tsx";
import { fieldRows } from "./reference-schema.ts";
import { Inline, slug } from "./reference-text.tsx";
import { Json } from "./site-json.tsx";

export const webhookAnchor = (name: string): string => `on-${slug(name)}`;

export interface WebhookProps {
  readonly name: string;
  readonly webhook: DocumentWebhook;
  readonly components: Readonly<Record<string, JsonObject>>;
}

/** What a subscriber's endpoint receives. */
export function Webhook({ name, webhook: { post }, components }: WebhookProps) {
  const content = post.requestBody?.content["application/json"];
  const { data } = (content?.schema.properties ?? {}) as Readonly<Record<string, JsonObject>>;
  const id = webhookAnchor(name);
  return (
    <article class="operation" id={id} aria-labelledby={`${id}-title`}>
      <div class="told">
        <h3 id={`${id}-title`}>
          <a class="anchor" href={`#${id}`}>
            <code>{name}</code>
          </a>
        </h3>
        <p>
          <Inline text={post.description ?? ""} />
        </p>
        <FieldTable
          rows={data ? fieldRows(data, components) : []}
          caption={`Fields of data of ${name}`}
          marksRequired={false}
        />
      </div>
      <div class="shown">
        {content?.example !== undefined && (
          <CodeBlock caption="Body" label={`The body of ${name}`}>
            <Json value={content.example} />
          </CodeBlock>
        )}
      </div>
    </article>
  );
}
