import type { JsonObject } from "../../../../kernel/json.ts";
import type { Preset, PresetSetting } from "./preset.ts";
import { lineOf } from "./words.ts";

/** A longer message arrives as a file. */
const MESSAGE_BYTES_MAX = 4_096;
const TITLE_CHARACTERS_MAX = 250;
const TOPIC = /^\/([-_A-Za-z0-9]{1,64})\/?$/;

/** Published as JSON to the server's own address: headers, the other way, carry no more than ASCII. */
function defaultsOf({ priority, tags }: PresetSetting, url: URL): JsonObject {
  const topic = TOPIC.exec(url.pathname)?.[1] ?? "";
  return { topic, ...(priority !== undefined && { priority }), ...(tags !== undefined && { tags }) };
}

/** Whoever knows the topic can read along, however short it is. */
function hidden(body: string, url: URL): string {
  const { topic } = defaultsOf({ name: "ntfy" }, url);
  return body.replace(`"topic":${JSON.stringify(topic)}`, '"topic":"***"');
}

function fitted(text: string): string {
  const line = lineOf(text, MESSAGE_BYTES_MAX);
  const bytes = Buffer.from(line);
  if (bytes.length <= MESSAGE_BYTES_MAX) return line;
  return `${new TextDecoder().decode(bytes.subarray(0, MESSAGE_BYTES_MAX - 3), { stream: true })}…`;
}

export const NTFY: Preset = {
  fields: ["priority", "tags"],
  required: 0,
  endpointFault: ({ pathname, search }) =>
    TOPIC.test(pathname) && search === ""
      ? undefined
      : "Must be the address of a topic, such as https://ntfy.sh/my-topic.",
  address: (endpoint) => `${new URL(endpoint).origin}/`,
  message: (text, { event, setting, url }) => ({
    ...defaultsOf(setting, url),
    title: lineOf(event, TITLE_CHARACTERS_MAX),
    message: fitted(text),
  }),
  defaults: defaultsOf,
  hidden,
};
