/** @jsxImportSource preact */
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Chip } from "../ui/chip.tsx";
import { Code } from "../ui/code.tsx";
import { CodeBlock } from "../ui/code-block.tsx";
import { PageHead } from "../ui/page-head.tsx";
import { Shell } from "../ui/shell.tsx";
import { ThemeSwitch } from "../ui/theme-switch.tsx";
import { SampleChart, SampleStats } from "./data.tsx";
import { LiveFeed } from "./live-feed.tsx";
import { sampleEnvironment, sampleRail } from "./samples.ts";
import { SampleAttempt, SampleTrace } from "./trace-parts.tsx";

const NEEDS = [
  ["bad", "paused", "crm.riverside.example", "answers 401: it refuses the signature"],
  ["yolk", "3 badges", "wait for approval", "Seven in a row: Ana, Jun, Mo"],
  ["plain", "new type", "quiz_finished", "41 events, a schema is ready to accept"],
] as const;

const topBar = {
  workspace: "Riverside School",
  environment: sampleEnvironment,
  search: { action: "#search" },
  children: <Chip tone="ok">live feed on</Chip>,
} as const;

/** How an overview looks when the parts come together. */
export const SampleOverview = () => (
  <Shell rail={{ groups: sampleRail("Overview"), foot: <ThemeSwitch /> }} topBar={topBar}>
    <PageHead
      title="All well, one endpoint needs a look"
      text={
        <>
          Oldest thing waiting: 4 min, at <code>crm.riverside.example</code>. Everything else left within a second.
        </>
      }
      actions={<Button kind="primary">Send a test event</Button>}
    />
    <SampleStats />
    <div class="beside">
      <SampleChart id="overview-chart" />
      <Card id="needs" title="Needs a person">
        <ul class="needs">
          {NEEDS.map(([tone, state, what, why]) => (
            <li key={what}>
              <Chip tone={tone}>{state}</Chip>
              <div>
                <a href="#needs">{what}</a>
                <p>{why}</p>
              </div>
            </li>
          ))}
        </ul>
      </Card>
    </div>
    <LiveFeed />
  </Shell>
);

/** How the trace of one event looks. */
export const SampleTracePage = () => (
  <Shell rail={{ groups: sampleRail("Events"), foot: <ThemeSwitch /> }} topBar={topBar}>
    <PageHead
      crumbs={[{ label: "Events", href: "/docs/gallery/overview" }]}
      here={<code>lesson-881-user_42</code>}
      title="lesson_completed by user_42"
      actions={
        <>
          <Button>Copy as curl</Button>
          <Button>Reverse</Button>
        </>
      }
    />
    <div class="beside beside-trace">
      <Card>
        <SampleTrace />
      </Card>
      <div class="stack">
        <SampleAttempt />
        <CodeBlock caption="Payload" id="payload" label="The event’s properties">
          <Code text={'{\n  "score": 94,\n  "lesson": "fractions-3"\n}'} language="json" />
        </CodeBlock>
      </div>
    </div>
  </Shell>
);
