/** @jsxImportSource preact */
import { CodeBlock } from "../../static/ui/code-block.tsx";
import { hmacSha256 } from "../kernel/crypto.ts";
import {
  EXAMPLE_DELIVERY_BODY,
  EXAMPLE_EFFECTS,
  EXAMPLE_EVENT,
  EXAMPLE_SECRET,
  EXAMPLE_TIMESTAMP,
  type ExampleEffect,
} from "./site-example.ts";
import { Json } from "./site-json.tsx";

export const Arrival = () => (
  <CodeBlock caption={<code>POST /v1/events</code>} label="The event">
    <Json value={EXAMPLE_EVENT} />
  </CodeBlock>
);

export const Decisions = () => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls
  // biome-ignore lint/a11y/useSemanticElements: a section of its own would stand in the outline
  <div class="card decisions" role="group" tabIndex={0} aria-label="What was decided">
    <table>
      <caption class="unseen">What the rules decided about this event</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">Rule</th>
          <th scope="col">Effect</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      <tbody>
        {EXAMPLE_EFFECTS.map((effect) => (
          <tr key={effect.rule}>
            <th scope="row">
              <code>{effect.rule}</code>
            </th>
            <td class="effect">
              <InWords {...effect} />
            </td>
            <td>
              <code>{effect.reason}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const InWords = (effect: ExampleEffect) =>
  effect.type === "level.changed" ? (
    <mark>
      {String(effect.from)} → {String(effect.to)}
    </mark>
  ) : (
    <>
      +{String(effect.amount)} {String(effect.currency)}
    </>
  );

export const Answer = () => (
  <CodeBlock
    caption={
      <>
        <code>201 Created</code>, shortened
      </>
    }
    label="The answer, shortened"
  >
    <Json
      value={{
        id: "lesson-881-user_42",
        status: "accepted",
        programVersion: 1,
        effects: EXAMPLE_EFFECTS.map(({ rule, reason, track, ...effect }) => effect),
      }}
    />
  </CodeBlock>
);

export function Delivery() {
  const signature = Buffer.from(hmacSha256(EXAMPLE_SECRET, `${EXAMPLE_TIMESTAMP}.${EXAMPLE_DELIVERY_BODY}`));
  const headers = [
    ["X-Hatch-Event", "level.changed"],
    ["X-Hatch-Delivery", "dlv_01kag6w91xe0jbq4zt8n5r2mvc"],
    ["X-Hatch-Timestamp", EXAMPLE_TIMESTAMP],
    ["X-Hatch-Signature", `sha256=${signature.toString("hex")}`],
  ] as const;
  return (
    <CodeBlock caption={<code>POST https://example.com/webhooks/hatch</code>} label="The delivery" wraps>
      {headers.map(([name, value]) => (
        <>
          {name}
          <span class="tok-quiet">:</span> <span class="tok-value">{value}</span>
          {"\n"}
        </>
      ))}
      {"\n"}
      <span class="body">{EXAMPLE_DELIVERY_BODY}</span>
    </CodeBlock>
  );
}
