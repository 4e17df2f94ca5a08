import { type AsAnother, accessInventory, type InventoryEntry } from "../http/access-inventory.ts";
import type { Route } from "../http/route-table.ts";
import type { JsonObject } from "../kernel/json.ts";
import { ROLES } from "../kernel/roles.ts";

const AS_ANOTHER: Readonly<Record<AsAnother, string>> = { never: "no", changing: "if asked for", always: "yes" };
const ACCOUNTS = { self: "own", operator: "operator" } as const;

/** `hatch access inventory --json`, and what its other forms are made of. */
export const inventoryOf = (routes: readonly Route[]): { readonly routes: readonly JsonObject[] } => ({
  routes: accessInventory(routes).map((entry) => ({
    method: entry.method,
    path: entry.path,
    audience: entry.audience,
    public: entry.isPublic,
    secretKey: entry.scope ?? null,
    permission: entry.permission ?? null,
    roles: entry.roles,
    account: entry.account ?? null,
    publishableKey: entry.publishable,
    widgetToken: entry.widget ?? null,
    embedToken: entry.embed,
    asAnother: entry.asAnother ?? null,
  })),
});

/** As it is listed, whichever process it came from. */
type Listed = Omit<InventoryEntry, "isPublic" | "publishable" | "widget" | "embed" | "scope" | "account"> & {
  readonly public: boolean;
  readonly secretKey: string | null;
  readonly account: keyof typeof ACCOUNTS | null;
  readonly publishableKey: boolean;
  readonly widgetToken: string | null;
  readonly embedToken: boolean;
};

export const readInventory = (result: JsonObject): readonly Listed[] => result.routes as unknown as readonly Listed[];

const code = (text: string | null): string => (text === null ? "" : `\`${text}\``);
const mark = (holds: boolean): string => (holds ? "✓" : "");

const COLUMNS: Readonly<Record<string, (entry: Listed) => string>> = {
  Route: ({ method, path }) => code(`${method} ${path}`),
  For: ({ audience }) => (audience === "everybody" ? "" : audience),
  Nobody: (entry) => mark(entry.public),
  "Secret key": ({ secretKey }) => code(secretKey),
  ...Object.fromEntries(ROLES.map((role) => [role, ({ roles }: Listed) => mark(roles.includes(role))])),
  Account: ({ account }) => (account === null ? "" : ACCOUNTS[account]),
  "Publishable key": ({ publishableKey }) => mark(publishableKey),
  "Widget token": ({ widgetToken }) => code(widgetToken),
  "Embed token": ({ embedToken }) => mark(embedToken),
  "As another": ({ asAnother }) => (asAnother ? AS_ANOTHER[asAnother] : ""),
};

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const HEAD = `# Who may call what

Every route of this version, made from the routes themselves by \`hatch access inventory --markdown\`. Whoever has no mark in a row is
refused: 401 where nothing or something wrong was shown, 403 where it is not enough, and that names what is missing. What belongs to
another workspace is not there at all: 404.

- **For**: \`people\` may be bounded by \`http.adminNetworks\`; \`operators\` have a listener of their own where \`server.adminPort\` is set.
- **Nobody**: nothing has to be shown. What is shown and wrong is refused all the same.
- **Secret key**: the scope that it needs. Never from a browser.
- **viewer** to **owner**: people who signed in, by their role in that environment; \`live\` and \`test\` may differ.
- **Account**: people who signed in, on what is their own; or the operator of the installation.
- **Publishable key**, **Widget token**, **Embed token**: from the origins that they are for; a widget token needs the scope that is named.
- **As another**: what of it an operator may do who acts as that person.
`;

export function inventoryMarkdown(entries: readonly Listed[]): string {
  const names = Object.keys(COLUMNS);
  const table = [
    row(names),
    row(names.map(() => "---")),
    ...entries.map((entry) => row(Object.values(COLUMNS).map((cell) => cell(entry)))),
  ];
  return `${HEAD}\n${table.join("\n")}\n`;
}

function callersOf(entry: Listed): string {
  const { secretKey, roles, account, publishableKey, widgetToken, embedToken } = entry;
  const callers = [
    ...(entry.public ? ["anybody"] : []),
    ...(secretKey === null ? [] : [`keys with ${secretKey}`]),
    ...roles,
    ...(account === null ? [] : [account === "self" ? "whoever is signed in" : "the operator"]),
    ...(publishableKey ? ["publishable keys"] : []),
    ...(widgetToken === null ? [] : [`${embedToken ? "tokens" : "widget tokens"} with ${widgetToken}`]),
  ];
  return callers.join(", ");
}

export const inventoryText = (entries: readonly Listed[]): string =>
  entries.map((entry) => `${entry.method.padEnd(6)} ${entry.path}\n         ${callersOf(entry)}`).join("\n");
