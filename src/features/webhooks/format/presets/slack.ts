import { type Preset, textOf } from "./preset.ts";
import { lineOf } from "./words.ts";

const TEXT_CHARACTERS_MAX = 4_000;

/** Only these three have a meaning inside text: `<!channel>`, `<@U123>` and links are written with them. */
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** The webhook, its channel or its team is no more: nothing will ever arrive there again. */
const ENDED = new Set(["no_service", "no_service_id", "no_team", "team_disabled", "channel_not_found"]);

/** What text happens to name is not fetched and shown. */
const DEFAULTS = { unfurl_links: false, unfurl_media: false } as const;

export const SLACK: Preset = {
  fields: [],
  required: 0,
  endpointFault({ hostname, pathname }) {
    if (hostname === "api.slack.com" || hostname === "slack.com") {
      return "Is no incoming webhook of Slack: that begins with https://hooks.slack.com/services/.";
    }
    if (hostname === "hooks.slack.com" && !/^\/services\/[^/]+\/[^/]+\/[^/]+$/.test(pathname)) {
      return "Is no incoming webhook of Slack: that is https://hooks.slack.com/services/T…/B…/….";
    }
    return undefined;
  },
  message: (text) => ({ ...DEFAULTS, text: escaped(lineOf(text, TEXT_CHARACTERS_MAX)), mrkdwn: false }),
  defaults: () => DEFAULTS,
  judge(answer) {
    if (answer.status !== 404 && answer.status !== 403 && answer.status !== 410) return undefined;
    const word = textOf(answer).trim();
    if (!/^[a-z_]{1,64}$/.test(word)) return undefined;
    const reason = `Slack answered ${answer.status}: ${word}`;
    if (answer.status === 410 || ENDED.has(word)) return { kind: "gone", reason };
    return { kind: "refused", reason, signatureRefused: false };
  },
};
