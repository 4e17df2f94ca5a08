import type { JsonObject } from "../../../../kernel/json.ts";
import { jsonOf, type Preset, type PresetSetting, waitUntil } from "./preset.ts";
import { lineOf } from "./words.ts";

const TEXT_CHARACTERS_MAX = 4_096;
const BOT = /^\/bot[0-9]+:[A-Za-z0-9_-]{10,}(?:\/sendMessage)?$/;
const METHOD = "/sendMessage";

function addressOf(endpoint: string): string {
  const url = new URL(endpoint);
  if (!url.pathname.endsWith(METHOD)) url.pathname += METHOD;
  return url.href;
}

/** A number names a chat, anything else a public name such as `@team`. */
function defaultsOf({ chatId = "", threadId }: PresetSetting): JsonObject {
  const number = Number(chatId);
  return {
    chat_id: Number.isSafeInteger(number) ? number : chatId,
    ...(threadId !== undefined && { message_thread_id: threadId }),
    link_preview_options: { is_disabled: true },
  };
}

/** In UTF-16 units, as Telegram counts; never half a character. */
function fitted(text: string): string {
  const line = lineOf(text, TEXT_CHARACTERS_MAX);
  return line.length <= TEXT_CHARACTERS_MAX ? line : `${line.slice(0, TEXT_CHARACTERS_MAX - 2).toWellFormed()}…`;
}

export const TELEGRAM: Preset = {
  fields: ["chatId", "threadId"],
  required: 1,
  endpointFault: ({ pathname }) =>
    BOT.test(pathname) ? undefined : "Must be https://api.telegram.org/bot<token>/sendMessage, with your bot's token.",
  address: addressOf,
  message: (text, { setting }) => ({ ...defaultsOf(setting), text: fitted(text) || "…" }),
  defaults: defaultsOf,
  judge(answer, now) {
    const { status } = answer;
    if (status < 400 || status >= 500) return undefined;
    const { description, parameters } = jsonOf(answer) as { description?: unknown; parameters?: unknown };
    const words = typeof description === "string" ? `: ${lineOf(description, 200)}` : "";
    const more = (typeof parameters === "object" && parameters !== null ? parameters : {}) as Record<string, unknown>;
    const reason = `Telegram answered ${status}${words}`;
    if (status === 429) {
      const notBefore = waitUntil(more.retry_after, now);
      return { kind: "retry", reason, ...(notBefore !== undefined && { notBefore }) };
    }
    if (status === 408) return undefined;
    const moved = more.migrate_to_chat_id;
    const hint = typeof moved === "number" ? `; the group is now chatId ${moved}` : "";
    return { kind: "refused", reason: `${reason}${hint}`, signatureRefused: false };
  },
};
