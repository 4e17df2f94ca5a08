/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Button, ButtonLink } from "../../../static/ui/button.tsx";
import { Card, Stats as Figures, Stat } from "../../../static/ui/card.tsx";
import { Chip, type Tone } from "../../../static/ui/chip.tsx";
import { EmptyState } from "../../../static/ui/empty-state.tsx";
import { Icon } from "../../../static/ui/icons.tsx";
import { PageHead } from "../../../static/ui/page-head.tsx";
import { RelativeTime } from "../../../static/ui/relative-time.tsx";
import { type RailGroup, Shell } from "../../../static/ui/shell.tsx";
import { ShortId } from "../../../static/ui/short-id.tsx";
import { type Column, Table } from "../../../static/ui/table.tsx";
import { ThemeSwitch } from "../../../static/ui/theme-switch.tsx";
import { renderPage } from "../../http/site-page.tsx";
import { parseIsoTime } from "../../kernel/clock.ts";
import type { UnixMs } from "../../kernel/units.ts";
import type { Stats } from "./stats.ts";

export interface StatsParts {
  readonly stats: Stats;
  /** By a session; not by the operators' own listener, where nothing else is answered. */
  readonly isSignedIn: boolean;
  readonly now: UnixMs;
}

type Endpoint = Stats["needALook"][number];
type Environment = Stats["environments"][number];
type Failure = Stats["recentFailures"][number];

const PATH = "/admin/stats";

export const renderStats = (parts: StatsParts): Promise<string> =>
  renderPage({
    title: "Delivery status · Hatch",
    description: "How the webhooks of this installation are delivered.",
    styles: ["work.css", "people.css"],
    body: (
      <Shell rail={{ groups: railOf(parts), foot: <ThemeSwitch /> }}>
        <Page {...parts} />
      </Shell>
    ),
  });

/** Where only this page is answered, the rail leads nowhere else. */
function railOf({ isSignedIn }: StatsParts): readonly RailGroup[] {
  const here = { label: "Delivery status", href: PATH, icon: "activity", isHere: true } as const;
  if (!isSignedIn) return [{ items: [here] }];
  return [
    {
      items: [
        { label: "Start", href: "/", icon: "home" },
        { label: "Your account", href: "/me", icon: "person" },
      ],
    },
    { name: "Installation", items: [{ label: "Accounts", href: "/operator/accounts", icon: "people" }, here] },
    {
      name: "Learn",
      items: [
        { label: "Guides", href: "/docs/guides", icon: "book" },
        { label: "API reference", href: "/docs", icon: "document" },
      ],
    },
  ];
}

const Page = (parts: StatsParts) => {
  const { stats } = parts;
  return (
    <>
      <PageHead
        title={stats.headline}
        text={`Deliveries of the whole installation, as of ${stats.at.slice(11, 16)} UTC. Success rates are shares of the attempts.`}
        actions={<Find query={stats.query} />}
      />
      {stats.found ? <Found {...parts} found={stats.found} /> : <Everything {...parts} />}
    </>
  );
};

const Everything = (parts: StatsParts) => (
  <>
    <Overview {...parts} />
    <NeedALook {...parts} />
    <Causes {...parts} />
    <Environments {...parts} />
    <Machine {...parts} />
  </>
);

const Find = ({ query }: { readonly query: string | undefined }) => (
  <search class="find">
    <form action={PATH} method="get">
      <input
        type="search"
        name="q"
        aria-label="Subscription or host"
        placeholder="sub_… or a host"
        value={query}
        autocomplete="off"
        spellcheck={false}
        data-search-key="/"
      />
      <Button type="submit">
        <Icon name="search" />
        Find
      </Button>
    </form>
  </search>
);

const whole = (count: number): string => count.toLocaleString("en-US");

/** Rounded down: where something failed it never says 100 %. */
const percent = (rate: number | null): string => {
  if (rate === null) return "–";
  return rate === 1 ? "100 %" : `${(Math.floor(rate * 1000) / 10).toFixed(1)} %`;
};

function ageInWords(seconds: number | null): string {
  if (seconds === null) return "none";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function bytesInWords(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

const msInWords = (ms: number | null): string => {
  if (ms === null) return "–";
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
};

const Overview = ({ stats }: StatsParts) => {
  const { windows, queue, endpoints } = stats;
  return (
    <Figures>
      <Stat
        label="Success rate, 24 h"
        value={percent(windows["24h"].successRate)}
        note={`${percent(windows["1h"].successRate)} in 1 h, ${percent(windows["7d"].successRate)} in 7 d`}
      />
      <Stat
        label="Attempts, 24 h"
        value={whole(windows["24h"].attempts)}
        note={`${whole(windows["24h"].exhausted)} deliveries failed for good`}
      />
      <Stat
        label="Waiting"
        value={whole(queue.waiting)}
        note={`${whole(queue.inFlight)} under way, ${whole(queue.fanOuts)} fan-outs`}
      />
      <Stat label="Longest due" value={ageInWords(queue.oldestDueAge)} note="held and paused ones included" />
      <Stat
        label="Endpoints"
        value={whole(endpoints.total)}
        note={`${whole(endpoints.active)} active, ${whole(endpoints.paused)} paused, ${whole(endpoints.disabled)} off`}
      />
    </Figures>
  );
};

const TONES: Readonly<Record<Endpoint["state"], Tone>> = {
  disabled: "bad",
  paused: "bad",
  failing: "warn",
  losing: "warn",
  slow: "warn",
  held: "plain",
  idle: "plain",
  well: "ok",
};
const WORDS: Readonly<Record<string, string>> = { disabled: "switched off", losing: "lost some", held: "held" };

const State = ({ state }: Pick<Endpoint, "state">) => <Chip tone={TONES[state]}>{WORDS[state] ?? state}</Chip>;

const Kind = ({ environment }: { readonly environment: "live" | "test" | null }) =>
  environment === null ? null : <Chip tone={environment === "test" ? "yolk" : "plain"}>{environment}</Chip>;

const findPath = (query: string): string => `${PATH}?q=${encodeURIComponent(query)}`;

const ENDPOINT_COLUMNS: readonly Column<Endpoint>[] = [
  { key: "endpoint", head: "Endpoint", cell: ({ endpoint }) => <span title={endpoint}>{endpoint}</span>, grows: true },
  { key: "state", head: "State", cell: State },
  {
    key: "why",
    head: "Why",
    cell: ({ failures, text }) => <span title={text}>{failures[0]?.title ?? text}</span>,
    isMinor: "phone",
  },
  { key: "workspace", head: "Workspace", cell: ({ workspace }) => workspace, isMinor: true },
  { key: "environment", head: "Environment", cell: Kind, isMinor: true },
  { key: "rate", head: "24 h", cell: ({ successRate }) => percent(successRate), isFigure: true, isMinor: "phone" },
  { key: "lost", head: "Lost", cell: ({ lost }) => whole(lost), isFigure: true, isMinor: "phone" },
];

const NeedALook = ({ stats }: StatsParts) => (
  <Card title="Endpoints that need a look" isFlush>
    <Table
      caption="Endpoints that need a look, the oldest trouble first"
      rows={stats.needALook}
      keyOf={({ subscriptionId }) => subscriptionId}
      hrefOf={({ subscriptionId }) => findPath(subscriptionId)}
      columns={ENDPOINT_COLUMNS}
      empty={
        <EmptyState title="None">
          No endpoint is switched off, paused by its failures, or failing several times in a row.
        </EmptyState>
      }
    />
  </Card>
);

const Found = ({ stats, found, now }: StatsParts & { readonly found: readonly Endpoint[] }) =>
  found.length === 0 ? (
    <Card title={`Nothing for ${stats.query ?? ""}`}>
      <p>
        No subscription has this id, and no endpoint a host that holds it. <a href={PATH}>Show everything</a>
      </p>
    </Card>
  ) : (
    <>
      {found.map((endpoint) => (
        <Detail key={endpoint.subscriptionId} endpoint={endpoint} now={now} />
      ))}
      <p>
        <a href={PATH}>Show everything</a>
      </p>
    </>
  );

const Fact = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

const When = ({ at, now }: { readonly at: string | null; readonly now: UnixMs }) =>
  at === null ? <span class="nothing">never</span> : <RelativeTime at={parseIsoTime(at) ?? now} now={now} />;

const Detail = ({ endpoint, now }: { readonly endpoint: Endpoint; readonly now: UnixMs }) => {
  const { waiting, failures } = endpoint;
  const reasons = Object.entries(waiting?.byReason ?? {}).filter(([, count]) => count > 0);
  return (
    <Card title={endpoint.endpoint} aside={<State state={endpoint.state} />}>
      <p>
        {endpoint.text} {endpoint.advice}
      </p>
      <dl class="facts">
        <Fact name="Subscription">
          <ShortId id={endpoint.subscriptionId} what="subscription" />
        </Fact>
        <Fact name="Workspace">
          {endpoint.workspace} <Kind environment={endpoint.environment} />
        </Fact>
        <Fact name="Last 24 h">
          {endpoint.attempts === 0
            ? "nothing sent"
            : `${percent(endpoint.successRate)} of ${whole(endpoint.attempts)} attempts; 95 of 100 within ${msInWords(endpoint.p95Ms)}, the slowest ${msInWords(endpoint.slowestMs)}`}
        </Fact>
        <Fact name="Last success">
          <When at={endpoint.lastSuccessAt} now={now} />
        </Fact>
        <Fact name="Last failure">
          <When at={endpoint.lastFailureAt} now={now} />
          {endpoint.failuresInRow > 0 && `, ${whole(endpoint.failuresInRow)} in a row`}
        </Fact>
        {endpoint.pausedUntil !== null && (
          <Fact name="Asked again">
            <When at={endpoint.pausedUntil} now={now} />
          </Fact>
        )}
        {waiting && (
          <Fact name="Waiting">
            {waiting.count === 0
              ? "nothing"
              : `${whole(waiting.count)}, the oldest for ${ageInWords(waiting.oldestAge)}: ${reasons.map(([reason, count]) => `${whole(count)} ${REASONS[reason] ?? reason}`).join(", ")}`}
          </Fact>
        )}
        <Fact name="Failed for good">
          {endpoint.lost === 0 ? "none in 7 days" : `${whole(endpoint.lost)} in 7 days, not recovered`}
        </Fact>
      </dl>
      {failures.length > 0 && <CauseTable failures={failures} now={now} />}
    </Card>
  );
};

const REASONS: Readonly<Record<string, string>> = {
  retry: "for a retry",
  pause: "for the pause to end",
  rateLimit: "for the rate limit",
  slot: "for their turn",
  proxy: "for the egress proxy",
  acknowledgement: "to be acknowledged",
};

const CauseTable = ({ failures, now }: { readonly failures: readonly Failure[]; readonly now: UnixMs }) => (
  <Table
    caption="Why attempts failed in the last 24 hours"
    rows={failures}
    keyOf={({ cause }) => cause}
    columns={[
      { key: "cause", head: "Cause", cell: ({ title }) => <span title={title}>{title}</span> },
      {
        key: "advice",
        head: "What to do",
        cell: ({ advice }) => <span title={advice}>{advice}</span>,

        grows: true,
        isMinor: true,
      },
      {
        key: "delivery",
        head: "Last",
        cell: ({ deliveryId }) => <ShortId id={deliveryId} what="delivery" />,
        isMinor: "phone",
      },
      { key: "count", head: "Times", cell: ({ count }) => whole(count), isFigure: true },
      {
        key: "at",
        head: "When",
        cell: ({ lastAt }) => <When at={lastAt} now={now} />,
        isFigure: true,
        isMinor: "phone",
      },
    ]}
  />
);

const Causes = ({ stats, now }: StatsParts) => (
  <Card title="Why attempts failed, 24 h" isFlush>
    {stats.recentFailures.length === 0 ? (
      <EmptyState title="None">No attempt has failed in the last 24 hours.</EmptyState>
    ) : (
      <CauseTable failures={stats.recentFailures} now={now} />
    )}
  </Card>
);

const ENVIRONMENT_COLUMNS: readonly Column<Environment>[] = [
  { key: "workspace", head: "Workspace", cell: ({ workspace }) => workspace, grows: true },
  { key: "environment", head: "Environment", cell: Kind },
  { key: "active", head: "Active", cell: ({ endpoints }) => whole(endpoints.active), isFigure: true, isMinor: "phone" },
  { key: "paused", head: "Paused", cell: ({ endpoints }) => whole(endpoints.paused), isFigure: true, isMinor: "phone" },
  { key: "off", head: "Off", cell: ({ endpoints }) => whole(endpoints.disabled), isFigure: true, isMinor: "phone" },
  {
    key: "attempts",
    head: "Attempts, 24 h",
    cell: ({ windows }) => whole(windows["24h"].attempts),
    isFigure: true,
    isMinor: true,
  },
  {
    key: "hour",
    head: "1 h",
    cell: ({ windows }) => percent(windows["1h"].successRate),
    isFigure: true,
    isMinor: true,
  },
  { key: "day", head: "24 h", cell: ({ windows }) => percent(windows["24h"].successRate), isFigure: true },
  {
    key: "week",
    head: "7 d",
    cell: ({ windows }) => percent(windows["7d"].successRate),
    isFigure: true,
    isMinor: true,
  },
  { key: "lost", head: "Failed", cell: ({ windows }) => whole(windows["24h"].exhausted), isFigure: true },
];
const ENVIRONMENTS_SHOWN_MAX = 200;

const Environments = ({ stats }: StatsParts) => (
  <Card title="Workspaces" isFlush>
    <Table
      caption="Endpoints and success rates by workspace and environment, those with most deliveries that failed for good first"
      rows={stats.environments.slice(0, ENVIRONMENTS_SHOWN_MAX)}
      keyOf={({ environmentId }) => environmentId}
      columns={ENVIRONMENT_COLUMNS}
      empty={<EmptyState title="None">Nobody has subscribed to webhooks yet.</EmptyState>}
    />
    {stats.environments.length > ENVIRONMENTS_SHOWN_MAX && (
      <p class="muted">{whole(stats.environments.length - ENVIRONMENTS_SHOWN_MAX)} more are in the JSON.</p>
    )}
  </Card>
);

const Machine = ({ stats }: StatsParts) => {
  const { jobs, mails, installation } = stats;
  return (
    <Card
      title="The installation"
      aside={
        <ButtonLink href={`${PATH}.json`} isSmall>
          The same as JSON
        </ButtonLink>
      }
    >
      <dl class="facts">
        <Fact name="Version">
          Hatch {installation.version}, schema {installation.schema}
        </Fact>
        <Fact name="Database">
          {bytesInWords(installation.databaseBytes)}, {installation.engine === "sqlite" ? "SQLite" : "Postgres"}
        </Fact>
        <Fact name="Jobs">
          {whole(jobs.running)} running, {whole(jobs.waiting)} waiting, {whole(jobs.overdue)} of them overdue
        </Fact>
        <Fact name="Mails">
          {whole(mails.waiting)} waiting{mails.oldestAge !== null && `, the oldest for ${ageInWords(mails.oldestAge)}`};{" "}
          {whole(mails.failed)} failed
        </Fact>
      </dl>
    </Card>
  );
};
