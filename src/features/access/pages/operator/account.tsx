/** @jsxImportSource preact */
import { Button, ButtonLink } from "../../../../../static/ui/button.tsx";
import { Card } from "../../../../../static/ui/card.tsx";
import { CopyButton } from "../../../../../static/ui/code-block.tsx";
import { EmptyState } from "../../../../../static/ui/empty-state.tsx";
import { Check, Choice, Field } from "../../../../../static/ui/field.tsx";
import { Form } from "../../../../../static/ui/form.tsx";
import { Notice } from "../../../../../static/ui/notice.tsx";
import { PageHead } from "../../../../../static/ui/page-head.tsx";
import { RelativeTime } from "../../../../../static/ui/relative-time.tsx";
import { ShortId } from "../../../../../static/ui/short-id.tsx";
import { Table } from "../../../../../static/ui/table.tsx";
import { faultsOf } from "../../../../http/site-form.ts";
import type { AppError } from "../../../../kernel/errors.ts";
import type { UnixMs } from "../../../../kernel/units.ts";
import type { ListedAccount } from "../../people/accounts/operate.ts";
import { ACT_FIELDS, ONE_TIME_FIELDS } from "../fields.ts";
import { renderSignedIn } from "../frame.tsx";
import type { Visit } from "../visit.ts";
import { pathOf, Traits } from "./accounts.tsx";

export interface AccountParts {
  readonly visit: Visit;
  readonly account: ListedAccount;
  readonly workspaces: ReadonlyMap<string, string>;
  readonly now: UnixMs;
  /** Of which of the two forms what was tried is: what was typed, and why it was refused. */
  readonly tried?: {
    readonly form: "act" | "password";
    readonly reason: string | undefined;
    readonly refusal: AppError;
  };
}

export const renderAccount = (parts: AccountParts): Promise<string> => {
  const { visit, account: listed, now } = parts;
  const { account } = listed;
  const isOneself = account.id === visit.principal.accountId;
  return renderSignedIn({
    visit,
    title: account.email,
    here: "accounts",
    children: (
      <>
        <PageHead
          crumbs={[{ label: "Accounts", href: "/operator/accounts" }]}
          here={account.email}
          title={account.name ?? account.email}
          text={
            <>
              {account.name === null ? "" : `${account.email}. `}Here since{" "}
              <RelativeTime at={account.created_at} now={now} />. Second factor{" "}
              {account.totp_confirmed_at === null ? "off" : "on"}. <Traits {...listed} />
            </>
          }
        />
        <Memberships {...parts} />
        {isOneself ? (
          <Notice title="This is you.">
            What you sign in with is at <a href="/me">your account</a>.
          </Notice>
        ) : (
          <div class="twins">
            {account.operator === 1 || account.disabled_at !== null ? null : <ActAs {...parts} />}
            <OneTime {...parts} />
          </div>
        )}
      </>
    ),
  });
};

const Memberships = ({ account: { account, memberships }, workspaces }: AccountParts) => (
  <Card title="Workspaces" isFlush>
    <Table
      caption={`Workspaces of ${account.email}`}
      rows={memberships}
      keyOf={({ workspace_id }) => workspace_id}
      empty={<EmptyState title="None">This account belongs to no workspace.</EmptyState>}
      columns={[
        { key: "name", head: "Workspace", cell: ({ workspace_id }) => workspaces.get(workspace_id) ?? workspace_id },
        { key: "role", head: "Role", cell: ({ role }) => role },
        { key: "live", head: "In live", cell: ({ role, live_role }) => live_role ?? role },
        {
          key: "id",
          head: "Id",
          cell: ({ workspace_id }) => <ShortId id={workspace_id} what="workspace" />,
          isFigure: true,
          isMinor: "phone",
        },
      ]}
    />
  </Card>
);

const ActAs = ({ visit, account: { account }, tried }: AccountParts) => {
  const own = tried?.form === "act" ? tried : undefined;
  const { byField, general } = faultsOf(own?.refusal, ACT_FIELDS);
  return (
    <Card title="Act as this person">
      <p>
        For 30 minutes at most you see what they see. They are told by mail, at the start and at the end, with your
        reason; every act is in the audit log under both names.
      </p>
      <Form action={`${pathOf(account.id)}/act`} csrf={visit.csrf} fault={general}>
        <Field
          id="reason"
          label="Reason"
          help="What was agreed on, a ticket: the person reads it."
          value={own?.reason}
          fault={byField.get("reason")}
          autocomplete="off"
          maxLength={500}
        />
        <Choice
          name="minutes"
          label="For how long"
          value="15"
          fault={byField.get("minutes")}
          options={["5", "15", "30"].map((value) => ({ value, label: `${value} minutes` }))}
        />
        <Check
          id="changes"
          label="Allow changes"
          help="Otherwise you only look. What they sign in with, keys, the team and exports stay out of reach either way."
        />
        <div class="actions">
          <Button type="submit" kind="primary">
            Act as {account.name ?? account.email}
          </Button>
        </div>
      </Form>
    </Card>
  );
};

const OneTime = ({ visit, account: { account }, tried }: AccountParts) => {
  const own = tried?.form === "password" ? tried : undefined;
  const { byField, general } = faultsOf(own?.refusal, ONE_TIME_FIELDS);
  return (
    <Card title="Set a one-time password">
      <p>
        For somebody who can’t get in and gets no mail. All their sessions end; they set a password of their own when
        they sign in with it, and are told by mail.
      </p>
      <Form action={`${pathOf(account.id)}/one-time-password`} csrf={visit.csrf} fault={general}>
        <Field
          id="why"
          label="Reason"
          help="For the audit log and the person."
          value={own?.reason}
          fault={byField.get("why")}
          autocomplete="off"
          maxLength={500}
        />
        {account.totp_confirmed_at !== null && (
          <Check
            id="removeFactor"
            label="Remove their second factor"
            help="Only if the app and every recovery code are lost."
          />
        )}
        <div class="actions">
          <Button type="submit" kind="danger">
            Set a one-time password
          </Button>
        </div>
      </Form>
    </Card>
  );
};

/** Shown this once. */
export const renderOneTimePassword = ({
  visit,
  account: { account },
  password,
}: Pick<AccountParts, "visit" | "account"> & { readonly password: string }): Promise<string> =>
  renderSignedIn({
    visit,
    title: "A one-time password",
    here: "accounts",
    children: (
      <>
        <PageHead
          crumbs={[
            { label: "Accounts", href: "/operator/accounts" },
            { label: account.email, href: pathOf(account.id) },
          ]}
          here="One-time password"
          title={`A one-time password for ${account.email}`}
          text={
            <>
              Hand it over by a way that is safe. <strong>It is shown this once</strong>, and opens nothing but the page
              on which they set a password of their own.
            </>
          }
        />
        <div class="column">
          <div class="card form">
            <p class="scan-key">
              <code id="one-time-password">{password}</code>
              <CopyButton of="one-time-password" label="the one-time password" />
            </p>
            <div class="actions">
              <ButtonLink href={pathOf(account.id)}>Back to the account</ButtonLink>
            </div>
          </div>
        </div>
      </>
    ),
  });
