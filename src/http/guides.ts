import audit from "../../docs/guides/audit-log.md" with { type: "text" };
import encryption from "../../docs/guides/encryption-keys.md" with { type: "text" };
import browser from "../../docs/guides/events-from-a-browser.md" with { type: "text" };
import server from "../../docs/guides/events-from-a-server.md" with { type: "text" };
import fitting from "../../docs/guides/fit-any-receiver.md" with { type: "text" };
import healthy from "../../docs/guides/is-my-endpoint-healthy.md" with { type: "text" };
import mail from "../../docs/guides/mail.md" with { type: "text" };
import homeGrown from "../../docs/guides/migrating-from-a-home-grown-sender.md" with { type: "text" };
import segment from "../../docs/guides/migrating-from-segment-destinations.md" with { type: "text" };
import svix from "../../docs/guides/migrating-from-svix.md" with { type: "text" };
import operating from "../../docs/guides/operating.md" with { type: "text" };
import outgoing from "../../docs/guides/outgoing-connections.md" with { type: "text" };
import postgres from "../../docs/guides/postgres.md" with { type: "text" };
import program from "../../docs/guides/program-by-example.md" with { type: "text" };
import quickstart from "../../docs/guides/quickstart.md" with { type: "text" };
import retention from "../../docs/guides/retention.md" with { type: "text" };
import unverified from "../../docs/guides/signature-does-not-verify.md" with { type: "text" };
import access from "../../docs/guides/tls-and-access.md" with { type: "text" };
import signatures from "../../docs/guides/verifying-signatures.md" with { type: "text" };
import delivery from "../../docs/guides/webhook-delivery.md" with { type: "text" };
import { type Rendered, renderMarkdown } from "./markdown.ts";

interface Guide extends Rendered {
  /** The last part of its address: `/docs/guides/<slug>`. */
  readonly slug: string;
}

/** In the order in which a newcomer reads them. */
const TEXTS: Readonly<Record<string, string>> = {
  quickstart,
  "program-by-example": program,
  "events-from-a-server": server,
  "events-from-a-browser": browser,
  "verifying-signatures": signatures,
  "signature-does-not-verify": unverified,
  "webhook-delivery": delivery,
  "fit-any-receiver": fitting,
  "is-my-endpoint-healthy": healthy,
  "outgoing-connections": outgoing,
  operating,
  retention,
  "tls-and-access": access,
  "encryption-keys": encryption,
  "audit-log": audit,
  mail,
  postgres,
  "migrating-from-a-home-grown-sender": homeGrown,
  "migrating-from-svix": svix,
  "migrating-from-segment-destinations": segment,
};

/** A link of a guide, on the served page: guides lead to guides, the rest of the repository is not served. */
export function addressOf(target: string): string | undefined {
  const [, slug, anchor = ""] = /^(?:\.\/)?([a-z0-9-]+)\.md(#[\w-]+)?$/.exec(target) ?? [];
  if (slug !== undefined) return Object.hasOwn(TEXTS, slug) ? `/docs/guides/${slug}${anchor}` : undefined;
  return /^#[\p{L}\p{N}_-]+$/u.test(target) || /^https:\/\/[^\s"'<>\\]+$/.test(target) ? target : undefined;
}

function guide(slug: string, text: string): Guide {
  let made: Rendered | undefined;
  const rendered = (): Rendered => {
    made ??= renderMarkdown(text, addressOf);
    return made;
  };
  return {
    slug,
    get title() {
      return rendered().title;
    },
    get summary() {
      return rendered().summary;
    },
    get html() {
      return rendered().html;
    },
    get headings() {
      return rendered().headings;
    },
  };
}

/** Rendered when first asked for. */
export const GUIDES: readonly Guide[] = Object.entries(TEXTS).map(([slug, text]) => guide(slug, text));
