/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { ButtonLink } from "../../static/ui/button.tsx";
import { Chip } from "../../static/ui/chip.tsx";
import { Code } from "../../static/ui/code.tsx";
import { CodeBlock } from "../../static/ui/code-block.tsx";
import { Brand } from "../../static/ui/mark.tsx";
import { ThemeSwitch } from "../../static/ui/theme-switch.tsx";
import { EXAMPLE_SECRET } from "./site-example.ts";
import { Answer, Arrival, Decisions, Delivery } from "./site-landing-steps.tsx";
import { SiteFoot } from "./site-layout.tsx";
import { renderPage } from "./site-page.tsx";

export interface LandingParts {
  readonly version: string;
  /** Where this installation is reached, without a slash at the end. */
  readonly url: string;
}

interface Command {
  readonly title: string;
  readonly text: ComponentChildren;
  readonly command: string;
}

const commandsFor = (url: string): readonly Command[] => [
  {
    title: "Send an event",
    text: (
      <>
        In <code>test</code> nothing has to be registered first. The answer lists what the event did, and why.
      </>
    ),
    command: `export HATCH_KEY=hk_test_…   # yours
curl ${url}/v1/events \\
  -H "Authorization: Bearer $HATCH_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"type": "lesson_completed", "userId": "user_42",
       "properties": {"score": 94}}'`,
  },
  {
    title: "Look at the member",
    text: "Balances, levels and badges as they stand now.",
    command: `curl ${url}/v1/members/user_42 \\
  -H "Authorization: Bearer $HATCH_KEY"`,
  },
  {
    title: "Be told of what happens",
    text: "Name an endpoint of yours and what it wants to hear. The answer holds the signing secret, once.",
    command: `curl ${url}/v1/webhooks \\
  -H "Authorization: Bearer $HATCH_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"endpoint": "https://example.com/webhooks/hatch",
       "events": ["points.*", "level.changed"]}'`,
  },
];

export const renderLanding = ({ version, url }: LandingParts): Promise<string> =>
  renderPage({
    title: "Hatch: events in, progress out",
    description:
      "An installation of Hatch. It turns what users do into progress, and tells everyone who needs to know.",
    styles: ["landing.css"],
    body: (
      <>
        <header class="top">
          <Brand size={26} isCurrent />
          <nav aria-label="This installation">
            <a href="/docs/guides">Guides</a>
            <a href="/docs">API reference</a>
            <a href="/sign-in">Sign in</a>
          </nav>
          <ThemeSwitch />
        </header>
        <main id="main" tabIndex={-1}>
          <Hero version={version} url={url} />
          <Story />
          <Commands url={url} />
          <Places />
        </main>
        <SiteFoot version={version} />
      </>
    ),
  });

const Hero = ({ version, url }: LandingParts) => (
  <section class="hero">
    <h1>What your users do becomes progress, and everyone who needs to know is told.</h1>
    <p>
      Hatch takes in events from your application, decides by your rules what each one is worth, keeps the books, and
      sends signed webhooks. All of it happens here, in one process with one database file.
    </p>
    <div class="actions">
      <ButtonLink kind="primary" href="/docs/guides/quickstart">
        Start with the quickstart
      </ButtonLink>
      <ButtonLink href="#story">Follow one event</ButtonLink>
    </div>
    <p class="state">
      <Chip tone="ok">up</Chip> Version {version}, at <code>{url}</code>
    </p>
  </section>
);

const Story = () => (
  <section class="story" aria-labelledby="story">
    <h2 id="story">One event, all the way</h2>
    <ol class="steps">
      <Step title="An event comes in" shown={<Arrival />}>
        Your server says what happened, in one request. It may be sent twice, or fifty times: with the same{" "}
        <code>id</code> it counts once.
      </Step>
      <Step title="Your rules decide what it means" shown={<Decisions />} hatches>
        They are data, in numbered versions. Each effect says which rule made it and why. Here something hatched: the
        lesson’s 94 points made a level, and the level a gift.
      </Step>
      <Step title="It is written down, then answered" shown={<Answer />}>
        Points move between accounts like money, so sums always come out even. The answer leaves only when everything is
        on the disk: what was accepted is not lost.
      </Step>
      <Step title="Whoever asked is told" shown={<Delivery />}>
        Signed, tried again for hours if need be, the same bytes every time. The signature below is a real one; its
        secret is <code class="secret">{EXAMPLE_SECRET}</code>.
      </Step>
    </ol>
  </section>
);

interface StepProps {
  readonly title: string;
  readonly shown: ComponentChildren;
  readonly hatches?: boolean;
  readonly children: ComponentChildren;
}

const Step = ({ title, shown, hatches = false, children }: StepProps) => (
  <li class={hatches ? "step step-hatches" : "step"}>
    <div class="step-text">
      <h3>{title}</h3>
      <p>{children}</p>
    </div>
    <div class="step-shown">{shown}</div>
  </li>
);

const Commands = ({ url }: Pick<LandingParts, "url">) => (
  <section class="try" aria-labelledby="try">
    <h2 id="try">Three commands to begin with</h2>
    <p>
      They take a key of your <code>test</code> environment, where nothing can break.
    </p>
    <ol class="commands">
      {commandsFor(url).map(({ title, text, command }, index) => (
        <li key={title}>
          <h3>{title}</h3>
          <p>{text}</p>
          <CodeBlock caption="Terminal" id={`command-${index + 1}`} label={`${title}, as a command`}>
            <Code text={command} language="shell" />
          </CodeBlock>
        </li>
      ))}
    </ol>
  </section>
);

const PLACES = [
  ["/docs/guides", "Guides", "From the first event to a service that runs itself, with code that was tried."],
  ["/docs", "API reference", "Every operation with its fields, answers, refusals and a command to try."],
  ["/openapi.json", "OpenAPI document", "The same for programs: generate a client, import it into your tools."],
  ["/readyz", "Readiness", "Whether it can take requests: the database answers and the work goes on."],
] as const;

const Places = () => (
  <section class="places" aria-labelledby="places">
    <h2 id="places">Where things are</h2>
    <dl>
      {PLACES.map(([href, title, text]) => (
        <div key={href}>
          <dt>
            <a href={href}>{title}</a> <code>{href}</code>
          </dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  </section>
);
