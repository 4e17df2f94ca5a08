import { hmacSha256 } from "../kernel/crypto.ts";
import { ASSETS } from "./site-assets.ts";
import { showHeaders, showJson } from "./site-code.ts";
import {
  EXAMPLE_DELIVERY_BODY,
  EXAMPLE_EFFECTS,
  EXAMPLE_EVENT,
  EXAMPLE_SECRET,
  EXAMPLE_TIMESTAMP,
  type ExampleEffect,
} from "./site-example.ts";
import { type Html, html, type Piece } from "./site-html.ts";
import { codeBlock, mark, renderPage } from "./site-layout.ts";

export interface LandingParts {
  readonly version: string;
  /** Where this installation is reached, without a slash at the end. */
  readonly url: string;
}

const COMMANDS = (url: string): readonly { title: string; text: Html; command: string }[] => [
  {
    title: "Send an event",
    text: html`In <code>test</code> nothing has to be registered first. The answer lists what the event did, and why.`,
    command: `export HATCH_KEY=hk_test_…   # yours
curl ${url}/v1/events \\
  -H "Authorization: Bearer $HATCH_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"type": "lesson_completed", "userId": "user_42",
       "properties": {"score": 94}}'`,
  },
  {
    title: "Look at the member",
    text: html`Balances, levels and badges as they stand now.`,
    command: `curl ${url}/v1/members/user_42 \\
  -H "Authorization: Bearer $HATCH_KEY"`,
  },
  {
    title: "Be told of what happens",
    text: html`Name an endpoint of yours and what it wants to hear. The answer holds the signing secret, once.`,
    command: `curl ${url}/v1/webhooks \\
  -H "Authorization: Bearer $HATCH_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"endpoint": "https://example.com/webhooks/hatch",
       "events": ["points.*", "level.changed"]}'`,
  },
];

export const renderLanding = ({ version, url }: LandingParts): string =>
  renderPage({
    title: "Hatch: events in, progress out",
    description:
      "An installation of Hatch. It turns what users do into progress, and tells everyone who needs to know.",
    style: ASSETS.landing,
    hasCopyButtons: true,
    body: html`<header class="top"><a class="brand" href="/" aria-current="page">${mark(26)}Hatch</a>
<nav aria-label="This installation"><a href="/docs">API reference</a></nav></header>
<main id="main" tabindex="-1">
<section class="hero">
<h1>What your users do becomes progress, and everyone who needs to know is told.</h1>
<p>Hatch takes in events from your application, decides by your rules what each one is worth, keeps the books, and sends signed webhooks. All of it happens here, in one process with one database file.</p>
<p class="state"><span class="chip chip-ok">up</span> Version ${version}, at <code>${url}</code></p>
</section>
<section class="story" aria-labelledby="story"><h2 id="story">One event, all the way</h2>
<ol class="steps">
${step("An event comes in", html`<p>Your server says what happened, in one request. It may be sent twice, or fifty times: with the same <code>id</code> it counts once.</p>`, arrival())}
${step("Your rules decide what it means", html`<p>They are data, in numbered versions. Each effect says which rule made it and why. Here something hatched: the lesson’s 94 points made a level, and the level a gift.</p>`, decisions(), true)}
${step("It is written down, then answered", html`<p>Points move between accounts like money, so sums always come out even. The answer leaves only when everything is on the disk: what was accepted is not lost.</p>`, answer())}
${step("Whoever asked is told", html`<p>Signed, tried again for hours if need be, the same bytes every time. The signature below is a real one; its secret is <code class="secret">${EXAMPLE_SECRET}</code>.</p>`, delivery())}
</ol>
</section>
<section class="try" aria-labelledby="try"><h2 id="try">Three commands to begin with</h2>
<p>They take a key of your <code>test</code> environment, where nothing can break.</p>
<ol class="commands">
${COMMANDS(url).map(
  ({ title, text, command }, index) =>
    html`<li><h3>${title}</h3><p>${text}</p>${codeBlock({ caption: "Terminal", code: command, id: `command-${index + 1}`, label: `${title}, as a command` })}</li>`,
)}
</ol>
</section>
<section class="places" aria-labelledby="places"><h2 id="places">Where things are</h2>
<dl>
${place("/docs", "API reference", "Every operation with its fields, answers, refusals and a command to try.")}
${place("/openapi.json", "OpenAPI document", "The same for programs: generate a client, import it into your tools.")}
${place("/healthz", "Health", "Whether the process lives. It asks for no credential.")}
${place("/readyz", "Readiness", "Whether it can take requests: the database answers and the work goes on.")}
</dl>
</section>
</main>
<footer class="bottom"><p>Hatch ${version}. Everything on this page came from this server.</p></footer>`,
  });

const step = (title: string, text: Piece, shown: Piece, hatches = false): Html =>
  html`<li class="step${hatches && " step-hatches"}"><div class="step-text"><h3>${title}</h3>${text}</div><div class="step-shown">${shown}</div></li>`;

const place = (href: string, title: string, text: string): Html =>
  html`<div><dt><a href="${href}">${title}</a> <code>${href}</code></dt><dd>${text}</dd></div>`;

const arrival = (): Html =>
  codeBlock({ caption: html`<code>POST /v1/events</code>`, code: showJson(EXAMPLE_EVENT), label: "The event" });

const decisions =
  (): Html => html`<div class="card decisions" role="group" tabindex="0" aria-label="What was decided"><table>
<caption class="unseen">What the rules decided about this event</caption>
<thead class="unseen"><tr><th scope="col">Rule</th><th scope="col">Effect</th><th scope="col">Reason</th></tr></thead>
<tbody>${EXAMPLE_EFFECTS.map(
    (effect) =>
      html`<tr><th scope="row"><code>${effect.rule}</code></th><td class="effect">${inWords(effect)}</td><td><code>${effect.reason}</code></td></tr>`,
  )}</tbody></table></div>`;

const inWords = (effect: ExampleEffect): Html =>
  effect.type === "level.changed"
    ? html`<mark>${String(effect.from)} → ${String(effect.to)}</mark>`
    : html`+${String(effect.amount)} ${String(effect.currency)}`;

const answer = (): Html =>
  codeBlock({
    caption: html`<code>201 Created</code>, shortened`,
    code: showJson({
      id: "lesson-881-user_42",
      status: "accepted",
      programVersion: 1,
      effects: EXAMPLE_EFFECTS.map(({ rule, reason, track, ...effect }) => effect),
    }),
    label: "The answer, shortened",
  });

function delivery(): Html {
  const signature = Buffer.from(hmacSha256(EXAMPLE_SECRET, `${EXAMPLE_TIMESTAMP}.${EXAMPLE_DELIVERY_BODY}`));
  const headers = showHeaders([
    ["X-Hatch-Event", "level.changed"],
    ["X-Hatch-Delivery", "dlv_01kag6w91xe0jbq4zt8n5r2mvc"],
    ["X-Hatch-Timestamp", EXAMPLE_TIMESTAMP],
    ["X-Hatch-Signature", `sha256=${signature.toString("hex")}`],
  ]);
  return codeBlock({
    caption: html`<code>POST https://example.com/webhooks/hatch</code>`,
    code: html`${headers}\n<span class="body">${EXAMPLE_DELIVERY_BODY}</span>`,
    label: "The delivery",
    wraps: true,
  });
}
