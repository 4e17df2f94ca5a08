/** @jsxImportSource preact */
import { ButtonLink } from "../../../../static/ui/button.tsx";
import { Card } from "../../../../static/ui/card.tsx";
import { Chip } from "../../../../static/ui/chip.tsx";
import { Code } from "../../../../static/ui/code.tsx";
import { CodeBlock } from "../../../../static/ui/code-block.tsx";
import { EmptyState } from "../../../../static/ui/empty-state.tsx";
import { Notice } from "../../../../static/ui/notice.tsx";
import { PageHead } from "../../../../static/ui/page-head.tsx";
import { ShortId } from "../../../../static/ui/short-id.tsx";
import { type Column, Table } from "../../../../static/ui/table.tsx";
import type { PlaceRow } from "../sessions/store.ts";
import { renderSignedIn } from "./frame.tsx";
import type { Visit } from "./visit.ts";

/** An environment, and how far the person gets in it. */
export interface HomePlace {
  readonly id: string;
  readonly kind: PlaceRow["kind"];
  readonly workspaceId: string;
  readonly workspaceName: string;
  readonly role: PlaceRow["role"];
  /** Why they don't get in; undefined where they do. */
  readonly closed: string | undefined;
}

export interface HomeParts {
  readonly visit: Visit;
  readonly places: readonly HomePlace[];
  readonly installation: string;
}

function sentenceOf({ places, visit }: HomeParts): string {
  const workspaces = new Set(places.map(({ workspaceId }) => workspaceId)).size;
  const who = visit.session.acting ? visit.email : "You";
  const belong = visit.session.acting ? "belongs" : "belong";
  if (workspaces === 0) return `${who} ${belong} to no workspace`;
  const names = [...new Set(places.map(({ workspaceName }) => workspaceName))];
  return workspaces === 1 ? `${who} ${belong} to ${names[0]}` : `${who} ${belong} to ${workspaces} workspaces`;
}

export const renderHome = (parts: HomeParts): Promise<string> => {
  const { visit, installation } = parts;
  return renderSignedIn({
    visit,
    title: "Start",
    here: "start",
    children: (
      <>
        <PageHead
          title={sentenceOf(parts)}
          text={`Signed in to ${installation}. Events, programs and webhooks are worked on by the API and the command line; these pages are for people and how they get in.`}
        />
        {visit.session.method === "recovery" && !visit.session.acting && (
          <Notice tone="warn" title="You signed in with a recovery code.">
            <a href="/me">Your account</a> says how many are left.
          </Notice>
        )}
        <Places {...parts} />
        <Ways {...visit} />
        {visit.isOperator && <Operating />}
      </>
    ),
  });
};

const COLUMNS: readonly Column<HomePlace>[] = [
  { key: "workspace", head: "Workspace", cell: ({ workspaceName }) => workspaceName },
  {
    key: "kind",
    head: "Environment",
    cell: ({ kind }) => <Chip tone={kind === "test" ? "yolk" : "plain"}>{kind}</Chip>,
  },
  { key: "role", head: "Role", cell: ({ role }) => role },
  {
    key: "id",
    head: "Id",
    cell: ({ id }) => <ShortId id={id} what="environment" />,
    isFigure: true,
    isMinor: "phone",
  },
];

/** Only where somebody does not get in somewhere. */
const CLOSED: Column<HomePlace> = {
  key: "closed",
  head: "State",
  cell: ({ closed }) => (closed === undefined ? <Chip tone="ok">open</Chip> : <Chip tone="warn">{closed}</Chip>),
};

const Places = ({ places, visit }: HomeParts) => (
  <Card title="Workspaces" isFlush>
    <Table
      caption="Environments, and the role in each"
      rows={places}
      keyOf={({ id }) => id}
      columns={places.some(({ closed }) => closed !== undefined) ? COLUMNS.toSpliced(3, 0, CLOSED) : COLUMNS}
      empty={
        <EmptyState title="None">
          {visit.isOperator
            ? "You operate the installation. Whoever owns a workspace invites people into it; you can make another one."
            : "Whoever owns a workspace, or is an admin of it, invites you by mail."}
        </EmptyState>
      }
    />
  </Card>
);

const Ways = ({ isOperator, session }: Visit) => (
  <Card title="Where to go">
    <ul class="places">
      <li>
        <a href="/docs/guides/quickstart">Quickstart</a> <span>From nothing to a first event and what it does.</span>
      </li>
      <li>
        <a href="/docs/guides">Guides</a> <span>Events, programs, webhooks, mail: with code that was tried.</span>
      </li>
      <li>
        <a href="/docs">API reference</a> <span>Every operation, its fields, answers and refusals.</span>
      </li>
      <li>
        <a href="/me">{session.acting ? "Their account" : "Your account"}</a>{" "}
        <span>Name, address, password, second factor, sessions.</span>
      </li>
      {isOperator && (
        <li>
          <a href="/operator/accounts">Accounts</a>{" "}
          <span>Who can sign in; one-time passwords; acting as a person.</span>
        </li>
      )}
      {isOperator && (
        <li>
          <a href="/admin/stats">Delivery status</a>{" "}
          <span>Every endpoint that needs a look, success rates, what waits.</span>
        </li>
      )}
    </ul>
  </Card>
);

const COMMANDS = `hatch doctor                            # is all well here
hatch accounts list                     # who can sign in
hatch accounts reset-password EMAIL     # a one-time password
hatch accounts unlock EMAIL             # after too many tries
hatch workspaces create NAME            # another workspace`;

const Operating = () => (
  <Card
    title="At the machine"
    aside={
      <ButtonLink href="/docs/guides/operating" isSmall>
        Operating guide
      </ButtonLink>
    }
  >
    <p>You operate this installation. What concerns all of it is done in a terminal, beside the running server.</p>
    <CodeBlock caption="Terminal" label="Commands of the operator">
      <Code text={COMMANDS} language="shell" />
    </CodeBlock>
  </Card>
);
