import type { ReferenceSection } from "../../../http/openapi-types.ts";

export const CLOUD_EVENTS_SECTION: ReferenceSection = {
  id: "cloudevents",
  title: "CloudEvents",
  text: `\`POST /v1/events\` takes CloudEvents 1.0 as they are: structured (\`application/cloudevents+json\`), binary (\`ce-…\` headers, percent-encoded as the HTTP binding says) and batched (\`application/cloudevents-batch+json\`, at most 1,000 in 8 MiB).

- \`source\` and \`id\` together are the event's id, joined by \`|\`; where that would be longer than 255 characters, or \`source\` has a \`|\` itself, it is \`sha256:\` and their hash.
- \`type\` is the event's type, \`subject\` the member (or the extension \`userid\`), \`time\` when it happened.
- \`data\` becomes the properties and must be a JSON object; \`data_base64\` is unpacked where \`datacontenttype\` is JSON.

A single one is answered like any event, a batch like \`POST /v1/events/batch\`.`,
};
