/** @jsxImportSource preact */
import { Chip } from "../../static/ui/chip.tsx";
import { Code } from "../../static/ui/code.tsx";
import { CodeBlock, CopyButton } from "../../static/ui/code-block.tsx";
import { HatchedMark } from "../../static/ui/mark.tsx";
import { shellQuote } from "./site-code.ts";
import { renderPage } from "./site-page.tsx";

/** What claiming the installation gives; the keys are shown this once. */
export interface ClaimedInstallation {
  readonly workspace: { readonly id: string; readonly name: string };
  readonly environments: Readonly<Record<"live" | "test", { readonly id: string; readonly secretKey: string }>>;
  readonly account: { readonly email: string };
}

const TEXTS = {
  test: "For trying things out. Event types need not be registered.",
  live: "For your users. Only registered event types are accepted.",
} as const;

export const renderClaimed = (
  claimed: ClaimedInstallation,
  { url, isSignedIn }: { readonly url: string; readonly isSignedIn: boolean },
): Promise<string> =>
  renderPage({
    title: `${claimed.workspace.name} is ready`,
    description: "This installation of Hatch is claimed.",
    styles: ["setup.css"],
    body: (
      <main id="main" class="narrow narrow-wide" tabIndex={-1}>
        <header>
          <HatchedMark size={56} />
          <h1>{claimed.workspace.name} is ready</h1>
          <p>
            It has two environments with a secret key each. <strong>The keys are shown this once</strong>: Hatch keeps
            only their hashes. Put them where you keep passwords; another one can be made at any time.
          </p>
        </header>
        <SecretKey kind="test" secretKey={claimed.environments.test.secretKey} />
        <SecretKey kind="live" secretKey={claimed.environments.live.secretKey} />
        <section class="next">
          <h2>The next step</h2>
          <p>
            Send a first event into <code>test</code>:
          </p>
          <CodeBlock caption="Terminal" id="next-command" label="The first event, as a command">
            <Code text={firstCommand(claimed, url)} language="shell" />
          </CodeBlock>
          <p class="aside">
            You are the operator, as {claimed.account.email}
            {isSignedIn && ", and signed in here"}. Go on with <a href="/docs/guides/quickstart">the quickstart</a>, to{" "}
            {isSignedIn ? <a href="/">the start page</a> : <a href="/sign-in">sign in</a>} or the{" "}
            <a href="/docs">API reference</a>.
          </p>
        </section>
      </main>
    ),
  });

const SecretKey = ({ kind, secretKey }: { readonly kind: "live" | "test"; readonly secretKey: string }) => (
  <section class="card key" aria-labelledby={`key-${kind}-title`}>
    <h2 id={`key-${kind}-title`}>
      <Chip tone={kind === "test" ? "yolk" : "plain"}>{kind}</Chip> <span class="unseen">secret key</span>
    </h2>
    <p>{TEXTS[kind]}</p>
    <div class="key-line">
      <code class="key-value" id={`key-${kind}`}>
        {secretKey}
      </code>
      <CopyButton of={`key-${kind}`} label={`the ${kind} key`} />
    </div>
  </section>
);

const firstCommand = ({ environments }: ClaimedInstallation, url: string): string =>
  `export HATCH_KEY=${shellQuote(environments.test.secretKey)}
curl ${url}/v1/events \\
  -H "Authorization: Bearer $HATCH_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"type": "lesson_completed", "userId": "user_42",
       "properties": {"score": 94}}'`;
