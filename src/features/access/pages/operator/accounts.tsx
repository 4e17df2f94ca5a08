/** @jsxImportSource preact */
import { Button, ButtonLink } from "../../../../../static/ui/button.tsx";
import { Card } from "../../../../../static/ui/card.tsx";
import { Chip } from "../../../../../static/ui/chip.tsx";
import { EmptyState } from "../../../../../static/ui/empty-state.tsx";
import { Icon } from "../../../../../static/ui/icons.tsx";
import { PageHead } from "../../../../../static/ui/page-head.tsx";
import { RelativeTime } from "../../../../../static/ui/relative-time.tsx";
import { Table } from "../../../../../static/ui/table.tsx";
import type { UnixMs } from "../../../../kernel/units.ts";
import type { ListedAccount } from "../../people/accounts/operate.ts";
import { renderSignedIn } from "../frame.tsx";
import type { Visit } from "../visit.ts";

export const pathOf = (id: string): string => `/operator/accounts/${id}`;

export const Traits = ({ account }: Pick<ListedAccount, "account">) => (
  <span class="traits">
    {account.operator === 1 && <Chip tone="accent">operator</Chip>}
    {account.disabled_at !== null && <Chip tone="bad">disabled</Chip>}
    {account.must_change_password === 1 && <Chip tone="warn">one-time password</Chip>}
    {account.break_glass === 1 && <Chip>for emergencies</Chip>}
  </span>
);

export interface AccountsParts {
  readonly visit: Visit;
  readonly accounts: readonly ListedAccount[];
  readonly email: string | undefined;
  readonly olderHref: string | undefined;
  readonly firstHref: string | undefined;
  readonly now: UnixMs;
}

export const renderAccounts = (parts: AccountsParts): Promise<string> => {
  const { visit, accounts, email, olderHref, firstHref, now } = parts;
  return renderSignedIn({
    visit,
    title: "Accounts",
    here: "accounts",
    children: (
      <>
        <PageHead
          title="Who can sign in here"
          text="Everybody with an account on this installation, in whatever workspace. Teams are put together in their workspaces."
        />
        <Card title="Accounts" isFlush aside={<Find email={email} />}>
          <Table
            caption="Accounts"
            rows={accounts}
            keyOf={({ account }) => account.id}
            hrefOf={({ account }) => pathOf(account.id)}
            empty={
              <EmptyState title="Nobody" action={<ButtonLink href="/operator/accounts">Show everybody</ButtonLink>}>
                No account has the address {email}.
              </EmptyState>
            }
            columns={[
              { key: "email", head: "E-mail", cell: ({ account }) => account.email },
              { key: "name", head: "Name", cell: ({ account }) => account.name ?? "", isMinor: true },
              { key: "is", head: "Is", cell: Traits, isMinor: "phone" },
              {
                key: "factor",
                head: "Second factor",
                cell: ({ account }) => (account.totp_confirmed_at === null ? "off" : "on"),
                isMinor: "phone",
              },
              {
                key: "workspaces",
                head: "Workspaces",
                cell: ({ memberships }) => String(memberships.length),
                isFigure: true,
                isMinor: "phone",
              },
              {
                key: "since",
                head: "Since",
                cell: ({ account }) => <RelativeTime at={account.created_at} now={now} />,
                isFigure: true,
              },
            ]}
          />
        </Card>
        {(olderHref !== undefined || firstHref !== undefined) && (
          <nav class="pagination" aria-label="Pages">
            <p>Oldest first.</p>
            {firstHref !== undefined && <ButtonLink href={firstHref}>From the beginning</ButtonLink>}
            {olderHref !== undefined && <ButtonLink href={olderHref}>Go on</ButtonLink>}
          </nav>
        )}
      </>
    ),
  });
};

const Find = ({ email }: { readonly email: string | undefined }) => (
  <search class="find">
    <form action="/operator/accounts" method="get">
      <input
        type="email"
        name="email"
        aria-label="E-mail address"
        placeholder="E-mail address"
        value={email}
        autocomplete="off"
      />
      <Button type="submit">
        <Icon name="search" />
        Find
      </Button>
    </form>
  </search>
);
