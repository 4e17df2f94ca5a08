import { jsonOf, type Preset, waitUntil } from "./preset.ts";
import { lineOf } from "./words.ts";

const CONTENT_CHARACTERS_MAX = 2_000;
const UNKNOWN_WEBHOOK = 10_015;
/** What text happens to link to is not fetched and shown. */
const SUPPRESS_EMBEDS = 4;

/** Marks of Discord's Markdown, of mentions and of links; a backslash takes their meaning away. */
const escaped = (text: string): string => text.replace(/[\\*_~`|>#[\]()<@]/g, "\\$&");

/** What fits once it is escaped: never a backslash without what it stands before. */
function fitted(text: string): string {
  const line = lineOf(text, CONTENT_CHARACTERS_MAX);
  let content = "";
  for (const character of line) {
    const next = escaped(character);
    if (content.length + next.length > CONTENT_CHARACTERS_MAX - 1) return `${content}…`;
    content += next;
  }
  return content;
}

/** Nobody is called, whatever the text holds: `@everyone` stays two words. */
const DEFAULTS = { allowed_mentions: { parse: [] } } as const;

export const DISCORD: Preset = {
  fields: [],
  required: 0,
  endpointFault({ hostname, pathname }) {
    if (/\/(?:slack|github)$/.test(pathname))
      return "Is Discord's address for another format: leave its last part out.";
    const isDiscord = /(?:^|\.)discord(?:app)?\.com$/.test(hostname);
    if (isDiscord && !/^\/api(?:\/v\d+)?\/webhooks\/\d+\/[^/]+$/.test(pathname)) {
      return "Is no webhook of Discord: that is https://discord.com/api/webhooks/….";
    }
    return undefined;
  },
  message: (text) => ({ ...DEFAULTS, flags: SUPPRESS_EMBEDS, content: fitted(text) }),
  defaults: () => DEFAULTS,
  judge(answer, now) {
    const { status, headers } = answer;
    if (status === 429) {
      const body = jsonOf(answer);
      const notBefore = waitUntil(headers["retry-after"], now) ?? waitUntil(body.retry_after, now);
      const reason = "Discord answered 429: too many messages";
      return { kind: "retry", reason, ...(notBefore !== undefined && { notBefore }) };
    }
    if (status === 404 && jsonOf(answer).code === UNKNOWN_WEBHOOK) {
      return { kind: "gone", reason: "Discord answered 404: the webhook was deleted" };
    }
    return undefined;
  },
};
