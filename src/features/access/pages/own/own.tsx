/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { ButtonLink } from "../../../../../static/ui/button.tsx";
import { Card } from "../../../../../static/ui/card.tsx";
import { Chip } from "../../../../../static/ui/chip.tsx";
import { Notice } from "../../../../../static/ui/notice.tsx";
import { PageHead } from "../../../../../static/ui/page-head.tsx";
import { RelativeTime } from "../../../../../static/ui/relative-time.tsx";
import { type Column, Table } from "../../../../../static/ui/table.tsx";
import type { UnixMs } from "../../../../kernel/units.ts";
import type { PendingEmail } from "../../people/accounts/own-account.ts";
import type { SessionRow } from "../../sessions/store.ts";
import { PressForm, renderSignedIn } from "../frame.tsx";
import type { Visit } from "../visit.ts";
import { deviceOf } from "./device.ts";

export interface OwnAccount {
  readonly email: string;
  readonly name: string | null;
  readonly hasPassword: boolean;
  readonly hasFactor: boolean;
  readonly recoveryCodes: number;
  readonly pending: PendingEmail | undefined;
  readonly sessions: readonly SessionRow[];
}

export interface OwnParts {
  readonly visit: Visit;
  readonly account: OwnAccount;
  readonly providerName: string | undefined;
  readonly now: UnixMs;
}

/** How the account is protected, in one sentence. */
function sentenceOf({ account, visit, providerName }: OwnParts): string {
  if (visit.session.method === "oidc" && !account.hasPassword) {
    return `You sign in through ${providerName ?? "your identity provider"}`;
  }
  return account.hasFactor
    ? "A password and a second factor protect your account"
    : "A password alone protects your account";
}

export const renderOwn = (parts: OwnParts): Promise<string> =>
  renderSignedIn({
    visit: parts.visit,
    title: "Your account",
    here: "me",
    children: parts.visit.session.acting ? (
      <ActingView {...parts} />
    ) : (
      <>
        <PageHead title={sentenceOf(parts)} text={sentenceOfSessions(parts)} />
        {parts.visit.session.method === "recovery" && <UsedRecovery codes={parts.account.recoveryCodes} />}
        {parts.account.pending && <Pending pending={parts.account.pending} csrf={parts.visit.csrf} now={parts.now} />}
        <div class="twins">
          <Who {...parts} />
          <SignsIn {...parts} />
        </div>
        <Sessions {...parts} />
      </>
    ),
  });

function sentenceOfSessions({ account }: OwnParts): string {
  const others = account.sessions.length - 1;
  if (others < 1) return "You are signed in here and nowhere else.";
  return `You are signed in here and in ${others} other ${others === 1 ? "place" : "places"}.`;
}

/** Who acts as another sees whom they act as, and nothing of what that person signs in with. */
const ActingView = ({ account }: OwnParts) => (
  <>
    <PageHead title={account.name ?? account.email} text={account.name === null ? undefined : account.email} />
    <Notice title="What this person signs in with is theirs alone.">
      Passwords, the second factor, the address and sessions are neither shown nor changed while you act as them.
    </Notice>
  </>
);

const UsedRecovery = ({ codes }: { readonly codes: number }) => (
  <Notice tone="warn" title="You signed in with a recovery code.">
    You have {codes === 0 ? "none" : codes} left. If the app is lost, remove the second factor and set it up anew: you
    get ten others.
  </Notice>
);

const Pending = ({
  pending,
  csrf,
  now,
}: {
  readonly pending: PendingEmail;
  readonly csrf: string;
  readonly now: UnixMs;
}) => {
  const missing = [
    ...(pending.confirmed.old ? [] : ["the old address"]),
    ...(pending.confirmed.new ? [] : ["the new one"]),
  ].join(" and ");
  return (
    <div class="with-press">
      <Notice title={`Your address is to change to ${pending.email}.`}>
        Use the link that went to {missing}. The change lapses <RelativeTime at={pending.expiresAt} now={now} />.
      </Notice>
      <PressForm action="/me/email/drop" csrf={csrf} label="Drop the change" isSmall />
    </div>
  );
};

interface FactProps {
  readonly name: string;
  readonly children: ComponentChildren;
  readonly act?: { readonly href: string; readonly label: string; readonly what: string };
}

const Fact = ({ name, children, act }: FactProps) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
    {act && (
      <dd class="fact-act">
        <ButtonLink href={act.href} isSmall>
          {act.label}
          <span class="unseen"> {act.what}</span>
        </ButtonLink>
      </dd>
    )}
  </div>
);

const Who = ({ account }: OwnParts) => (
  <Card title="Who you are">
    <dl class="facts">
      <Fact name="Name" act={{ href: "/me/name", label: "Change", what: "the name" }}>
        {account.name ?? <span class="nothing">none</span>}
      </Fact>
      <Fact name="E-mail" act={{ href: "/me/email", label: "Change", what: "the address" }}>
        {account.email}
      </Fact>
    </dl>
  </Card>
);

/** Of whoever comes by a provider, that one asks for it. */
const Factor = ({ hasFactor, recoveryCodes }: OwnAccount) => (
  <Fact
    name="Second factor"
    act={{ href: "/me/second-factor", label: hasFactor ? "Remove" : "Set up", what: "the second factor" }}
  >
    {hasFactor ? (
      <>
        <Chip tone="ok">on</Chip>{" "}
        <span class="muted">
          {recoveryCodes} recovery {recoveryCodes === 1 ? "code" : "codes"} left
        </span>
      </>
    ) : (
      <Chip>off</Chip>
    )}
  </Fact>
);

const SignsIn = ({ account, visit, providerName }: OwnParts) => (
  <Card title="What you sign in with">
    <dl class="facts">
      {visit.session.method === "oidc" && (
        <Fact name="Provider">{providerName ?? "An identity provider"}, which this session came by</Fact>
      )}
      <Fact
        name="Password"
        {...(account.hasPassword ? { act: { href: "/me/password", label: "Change", what: "the password" } } : {})}
      >
        {account.hasPassword ? <Chip tone="ok">set</Chip> : <span class="nothing">none</span>}
      </Fact>
      {(account.hasPassword || account.hasFactor) && <Factor {...account} />}
    </dl>
  </Card>
);

const METHODS: Readonly<Record<SessionRow["method"], string>> = {
  password: "password",
  oidc: "identity provider",
  recovery: "recovery code",
};

const howOf = ({ method, factor }: SessionRow): string =>
  method === "password" && factor === 1 ? "password and code" : METHODS[method];

const endColumn = ({ visit }: OwnParts): Column<SessionRow> => ({
  key: "end",
  head: "End it",
  isFigure: true,
  cell: ({ id, device }) =>
    id === visit.session.id ? null : (
      <PressForm
        action="/me/sessions/end"
        csrf={visit.csrf}
        fields={{ session: id }}
        label={
          <>
            End<span class="unseen"> the session of {deviceOf(device)}</span>
          </>
        }
        isSmall
      />
    ),
});

const sessionColumns = ({ visit, now }: OwnParts): readonly Column<SessionRow>[] => [
  {
    key: "device",
    head: "Browser",
    cell: ({ id, device }) => (
      <span class="traits">
        {deviceOf(device)} {id === visit.session.id && <Chip tone="accent">this one</Chip>}
      </span>
    ),
  },
  { key: "address", head: "Address", cell: ({ address }) => <code>{address ?? "unknown"}</code>, isMinor: "phone" },
  { key: "how", head: "By", cell: howOf, isMinor: true },
  { key: "began", head: "Since", cell: (row) => <RelativeTime at={row.created_at} now={now} />, isMinor: "phone" },
  { key: "seen", head: "Last seen", cell: (row) => <RelativeTime at={row.last_seen_at} now={now} /> },
];

function Sessions(parts: OwnParts) {
  const { account, visit } = parts;
  const hasOthers = account.sessions.length > 1;
  return (
    <Card
      title="Where you are signed in"
      isFlush
      aside={
        hasOthers ? (
          <PressForm action="/me/sessions/end-others" csrf={visit.csrf} label="End all others" isSmall />
        ) : undefined
      }
    >
      <Table
        caption="Your sessions"
        rows={account.sessions}
        keyOf={({ id }) => id}
        columns={hasOthers ? [...sessionColumns(parts), endColumn(parts)] : sessionColumns(parts)}
      />
    </Card>
  );
}
