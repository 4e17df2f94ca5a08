import { houseOf, type Rule } from "./rule.ts";
import { type House, isTest, lineAt, type SourceFile } from "./source.ts";

/** Where SQL text may stand, besides migrations/. */
const SQL_PLACES = [/\/store\.ts$/, /^src\/database\//, /^src\/jobs\//, /^src\/journal\//];
/** Speaks one engine's own language: that is its purpose. */
const ENGINE_FILES = /^src\/database\/(?:sqlite|postgres|write-lane)[\w-]*\.ts$/;

const LOOKS_LIKE_SQL =
  /\b(?:SELECT\s[\s\S]+?\sFROM\s|INSERT\s+(?:OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|REPLACE\s+INTO\s|CREATE\s+(?:UNIQUE\s+)?(?:TABLE|INDEX|VIEW|TRIGGER)\s|DROP\s+TABLE|ALTER\s+TABLE)/;

const productSources = ({ sources }: House): SourceFile[] =>
  sources.filter(({ path }) => path.startsWith("src/") && !isTest(path));

const sqlStringsOf = ({ strings }: SourceFile): SourceFile["strings"] =>
  strings.filter(({ value }) => LOOKS_LIKE_SQL.test(value));

const sqlOnlyInStores: Rule = {
  name: "SQL stands in store.ts files, the floors that own tables, and migrations only",
  find: (house) =>
    productSources(house)
      .filter(({ path }) => !SQL_PLACES.some((place) => place.test(path)))
      .flatMap((file) => [
        ...sqlStringsOf(file).map(({ at }) => `${file.path}:${lineAt(file.text, at)} has SQL`),
        ...[...file.bare.matchAll(/\.(?:insertMany|upsertMany|updateMany|findMany|lockMany)\b/g)].map(
          (match) => `${file.path}:${lineAt(file.bare, match.index)} writes or reads rows (${match[0]})`,
        ),
      ]),
  offenders: [
    houseOf({ "src/features/events/ingest.ts": 'reader.get("SELECT id FROM inputs WHERE id = ?");' }),
    houseOf({ "src/features/events/ingest.ts": "const q = `\n  UPDATE members SET state = ?`;" }),
    houseOf({ "src/features/events/ingest.ts": 'writer.insertMany({ table: "inputs" });' }),
  ],
  innocents: [
    houseOf({ "src/features/events/store.ts": 'reader.get("SELECT id FROM inputs WHERE id = ?");' }),
    houseOf({ "src/cli/help.ts": 'const help = "Select a key from the list, update it";' }),
  ],
};

/** What one of the engines does not know, or means differently. */
const NOT_PORTABLE: readonly (readonly [RegExp, string])[] = [
  [/\bINSERT\s+OR\b|\bREPLACE\s+INTO\b/i, "use ON CONFLICT"],
  [/\bAUTOINCREMENT\b|\bSERIAL\b|\bGENERATED\b/i, "ids are made by the program"],
  [/\browid\b|\blast_insert_rowid\b|\bctid\b/i, "rows are found by their own keys"],
  [/\bjson_\w+\s*\(|\bjsonb?_\w+\s*\(|->>?|#>/i, "JSON is never searched in SQL"],
  [
    /\b(?:datetime|strftime|julianday|unixepoch)\s*\(|\bdate\s*\(|\bnow\s*\(|\bCURRENT_(?:TIMESTAMP|DATE|TIME)\b/i,
    "time comes from the writer",
  ],
  [/\bIFNULL\s*\(|\bNVL\s*\(|\bIIF\s*\(/i, "use COALESCE or CASE"],
  [/\bGLOB\b|\bLIKE\b|\bILIKE\b|\bREGEXP\b|\bSIMILAR\s+TO\b/i, "engines differ in case and escapes"],
  [/\?\d|\$\d|[:@$][a-z]\w*(?!\w*\})/i, "parameters are a bare ?"],
  [/`/, "identifiers are bare"],
  [/\bPRAGMA\b|\bATTACH\b|\bVACUUM\b/i, "belongs to the engine's file"],
  [/\bWITHOUT\s+ROWID\b|\)\s*STRICT\b/i, "one engine only"],
  [/::\s*\w+/, "one engine only"],
  [/\bRANDOM\s*\(/i, "chance comes from the context"],
  [/\b(?:MAX|MIN)\s*\([^()]*,/i, "the scalar form has another name elsewhere: use CASE"],
  [/\b(?:group_concat|string_agg|array_agg|total)\s*\(/i, "gather in the program"],
  [/\bCOLLATE\b/i, "collations differ"],
  [/\bLIMIT\s+\S+\s*,/i, "use LIMIT … OFFSET"],
  [/\bIS\s+(?:NOT\s+)?(?:TRUE|FALSE)\b|=\s*(?:TRUE|FALSE)\b/i, "booleans are 0 and 1"],
  [
    /\bDO\s+UPDATE\s+SET\b[\s\S]*?=\s*(?!excluded\b)[a-z_]+\s*[-+*/|,](?!\s*\w+\s*=)/i,
    "qualify columns in ON CONFLICT … DO UPDATE",
  ],
  // An order of a caller's own text depends on the collation, so pages would differ between engines.
  [
    /\bORDER\s+BY\s+(?:[\w.]+\s*,\s*)*(?:\w+\.)?(?:user_id|name|type|event|title|email|description|key|label|currency|endpoint)\b/i,
    "never order by a caller's text",
  ],
];

const COLUMN_TYPES = new Set(["TEXT", "BIGINT", "SMALLINT", "BYTEA"]);
const RESERVED = new Set(
  "all analyse analyze and any array as asc between both case cast check collate column constraint create cross default desc distinct do else end except false fetch for foreign from full grant group having in initially inner intersect into is join lateral leading left limit natural not null offset on only or order outer placing primary references returning right select session_user some symmetric table then to trailing true union unique user using variadic verbose when where window with".split(
    " ",
  ),
);

const withoutComments = (sql: string): string => sql.replace(/--.*$/gm, (comment) => " ".repeat(comment.length));

function faultsOfMigration({ path, text }: House["migrations"][number]): string[] {
  const sql = withoutComments(text);
  const faults: string[] = [];
  for (const table of sql.matchAll(/\bCREATE\s+TABLE\s+(\w+)\s*\(([\s\S]*?)\n\)/g)) {
    if (RESERVED.has((table[1] as string).toLowerCase())) faults.push(`${path}: ${table[1]} is a reserved word`);
    for (const line of (table[2] as string).split("\n")) {
      const [name, type] = line.trim().replace(/,$/, "").split(/\s+/);
      if (!name || /^(?:PRIMARY|UNIQUE|CHECK|FOREIGN|CONSTRAINT|\))/.test(name)) continue;
      if (!COLUMN_TYPES.has(type ?? ""))
        faults.push(`${path}: column ${name} is ${type}, not ${[...COLUMN_TYPES].join(", ")}`);
      if (RESERVED.has(name.toLowerCase())) faults.push(`${path}: column ${name} is a reserved word`);
    }
  }
  for (const added of sql.matchAll(/\bADD\s+(?:COLUMN\s+)?(\w+)\s+(\w+)/gi)) {
    if (!COLUMN_TYPES.has(added[2] as string)) faults.push(`${path}: column ${added[1]} is ${added[2]}`);
  }
  return [...faults, ...notPortable(path, sql)];
}

const notPortable = (where: string, sql: string): string[] =>
  NOT_PORTABLE.flatMap(([pattern, advice]) => {
    const match = pattern.exec(sql);
    return match ? [`${where} has ${JSON.stringify(match[0].trim().slice(0, 60))}: ${advice}`] : [];
  });

/** `${…}` stands for columns, marks and bounds: what is inside is code, not SQL. */
const withoutHoles = (sql: string): string => sql.replace(/\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g, " x ");

const sqlIsPortable: Rule = {
  name: "SQL is what both engines understand alike",
  find: (house) => [
    ...house.migrations.flatMap(faultsOfMigration),
    ...productSources(house)
      .filter(({ path }) => !ENGINE_FILES.test(path))
      .flatMap((file) =>
        sqlStringsOf(file).flatMap(({ at, value }) =>
          notPortable(`${file.path}:${lineAt(file.text, at)}`, withoutHoles(value)),
        ),
      ),
  ],
  offenders: [
    ...[
      "INSERT OR IGNORE INTO members (id) VALUES (?)",
      "SELECT rowid FROM members",
      "SELECT id FROM members WHERE json_extract(state, '$.x') = ?",
      "SELECT state->>'x' FROM members",
      "SELECT datetime('now') FROM members",
      "SELECT strftime('%s', at) FROM members",
      "SELECT IFNULL(name, '') FROM members",
      "SELECT id FROM members WHERE name GLOB ?",
      "SELECT id FROM members WHERE name LIKE ?",
      "SELECT id FROM members WHERE id = ?1",
      "SELECT id FROM members WHERE id = $1",
      "SELECT id FROM members WHERE id = :id",
      "SELECT MAX(at, ?) FROM members",
      "SELECT id FROM members LIMIT ?, ?",
      "SELECT id FROM members WHERE hidden = TRUE",
      "SELECT id FROM members ORDER BY user_id",
      "SELECT id FROM members ORDER BY created_at, m.name DESC",
      "INSERT INTO counters (name, used) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET used = used + excluded.used",
    ].map((sql) => houseOf({ "src/features/events/store.ts": `reader.all(${JSON.stringify(sql)});` })),
    houseOf({ "src/features/events/store.ts": 'const q = "SELECT `id` FROM members";' }),
    houseOf({ "migrations/0009_x.sql": "CREATE TABLE things (\n  id INTEGER PRIMARY KEY AUTOINCREMENT\n);" }),
    houseOf({ "migrations/0009_x.sql": "CREATE TABLE prices (\n  amount REAL NOT NULL\n);" }),
    houseOf({ "migrations/0009_x.sql": "CREATE TABLE flags (\n  shown BOOLEAN NOT NULL\n);" }),
    houseOf({ "migrations/0009_x.sql": "CREATE TABLE people (\n  user TEXT NOT NULL\n);" }),
    houseOf({ "migrations/0009_x.sql": "ALTER TABLE people ADD COLUMN price REAL;" }),
  ],
  innocents: [
    houseOf({
      "src/features/events/store.ts":
        'reader.all(`SELECT ${COLUMNS} FROM members WHERE id IN (${ids.map(() => "?").join(", ")}) AND created_at < ? ORDER BY id DESC LIMIT ?`);',
    }),
    houseOf({
      "src/features/events/store.ts":
        'writer.run("INSERT INTO counters (name, used) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET used = counters.used + excluded.used");',
    }),
    houseOf({ "src/database/sqlite.ts": 'file.run("INSERT OR IGNORE INTO x (id) VALUES (1)");' }),
    houseOf({
      "migrations/0009_x.sql": "-- a date (local), `state` REAL\nCREATE TABLE days (\n  day TEXT NOT NULL\n);",
    }),
  ],
};

const OWN_IDS = "by the ids of rows that a query with the environment has just given";
const OWN_SUBSCRIPTION = "by the id of a subscription that was looked up in its environment";
const CLAIMED = "the dispatcher walks all environments by what it has claimed";
const WHOLE = "over the whole installation by design";

/** Queries of a tenant's table that do without its environment: `file#function`, and why. */
const WITHOUT_ENVIRONMENT: Readonly<Record<string, string>> = {
  "src/journal/outbox.ts#findBodies": CLAIMED,
  "src/journal/audit.ts#*": "a chain is of a workspace",
  "src/journal/audit-read.ts#*": "a chain is of a workspace; who may see one environment of it narrows the question",
  "src/journal/audit-verify.ts#*": WHOLE,
  "src/journal/audit-retention.ts#*": WHOLE,
  "src/journal/idempotency.ts#purgeClaims": WHOLE,
  "src/journal/idempotency.ts#claimed": "its key is a hash of the environment too",
  "src/jobs/store.ts#*": "the runner works for all environments; a job hands its own on",
  "src/jobs/runner.ts#createJobRunner": "the runner works for all environments; a job hands its own on",
  "src/http/refused/store.ts#purgeRefusedRequests": WHOLE,
  "src/features/access/keys/store.ts#findKeyWithSecret": "it is the secret that says which environment",
  "src/features/access/keys/store.ts#updateLastUse": OWN_IDS,
  "src/features/access/keys/store.ts#findSilentKeys": WHOLE,
  "src/features/access/keys/store.ts#findPagelessKeys": WHOLE,
  "src/features/access/browsers/store.ts#listKeyOrigins": WHOLE,
  "src/features/access/browsers/store.ts#findTokenOrigin": WHOLE,
  "src/features/access/tokens/store.ts#findSessionOfToken": "it is the token that says which environment",
  "src/features/access/tokens/store.ts#purgeWidgetSessions": WHOLE,
  "src/features/webhooks/digest/store.ts#findLastRun": "the job of the digests belongs to no environment",
  "src/features/webhooks/health/store.ts#lockHours": CLAIMED,
  "src/features/webhooks/health/store.ts#putHours": CLAIMED,
  "src/features/webhooks/health/store.ts#purgeHours": WHOLE,
  "src/features/webhooks/health/store.ts#countEveryTroubled": WHOLE,
  "src/features/webhooks/health/store.ts#WAITING": "its two users narrow it to an environment",
  "src/features/webhooks/subscriptions/store.ts#listProbes": "the dispatcher walks over all environments",
  "src/features/webhooks/subscriptions/store.ts#moveProbe": OWN_IDS,
  "src/features/webhooks/subscriptions/store.ts#listEndingCertificates": WHOLE,
  "src/features/webhooks/subscriptions/store.ts#countEndingCertificates": WHOLE,
  "src/features/events/refused/store.ts#purgeRefusedEvents": WHOLE,
  "src/features/progression/members/store.ts#updateMembers": OWN_IDS,
  "src/features/progression/members/store.ts#walkStates": WHOLE,
  "src/features/progression/inputs/store.ts#sumBalances": WHOLE,
  "src/features/webhooks/store.ts#keepFanOutSet": "its id is drawn from the environment's own subscriptions",
  "src/features/webhooks/retention/store.ts#*": WHOLE,
  "src/features/access/retention/store.ts#*": WHOLE,
  "src/features/webhooks/workspaces/store.ts#listOfWorkspace": "of a whole workspace, whose state it follows",
  "src/features/webhooks/signature-check/store.ts#findOtherHalf":
    "of the caller's own workspace, and nothing but the id of its other half",
  "src/features/webhooks/store.ts#countSendingOfOthers": WHOLE,
  "src/features/webhooks/store.ts#countStrayAttempts": WHOLE,
  "src/features/webhooks/store.ts#countWaitingForDeleted": WHOLE,
  "src/jobs/control.ts#pauseJob": OWN_IDS,
  "src/jobs/control.ts#resumeJob": OWN_IDS,
  "src/jobs/control.ts#cancelJob": OWN_IDS,
  "src/jobs/control.ts#purgeJobs": WHOLE,
  "src/features/webhooks/recovery/store.ts#findReceivers": OWN_IDS,
  "src/features/webhooks/recovery/store.ts#listEnded": OWN_SUBSCRIPTION,
  "src/features/webhooks/recovery/store.ts#lockEnded": OWN_IDS,
  "src/features/webhooks/recovery/store.ts#setReasons": OWN_IDS,
  "src/features/webhooks/recovery/store.ts#bringBack": OWN_IDS,
  "src/features/webhooks/recovery/store.ts#listLogged":
    "the bounds of a stretch are keys and no data; the rows carry the environment",
  "src/features/webhooks/recovery/store.ts#listTakers": OWN_IDS,
  "src/features/webhooks/recovery/store.ts#countDue": OWN_SUBSCRIPTION,
  "src/features/webhooks/recovery/store.ts#isTaken": OWN_SUBSCRIPTION,
  "src/features/webhooks/dispatch/store.ts#*": CLAIMED,
  "src/features/webhooks/dispatch/holds/store.ts#findRateLimits": OWN_IDS,
  "src/features/webhooks/pull/store.ts#findHeadOf": OWN_SUBSCRIPTION,
  "src/features/webhooks/pull/store.ts#leaseDeliveries": OWN_IDS,
  "src/features/webhooks/subscriptions/store.ts#replaceSubscription": OWN_IDS,
  "src/features/webhooks/subscriptions/store.ts#findForSending": CLAIMED,
  "src/features/webhooks/deliveries/store.ts#findTaken": OWN_IDS,
  "src/features/webhooks/deliveries/store.ts#reviveDelivery": OWN_IDS,
  "src/features/webhooks/deliveries/store.ts#endDelivery": OWN_IDS,
  "src/features/webhooks/deliveries/store.ts#requestCancel": OWN_IDS,
  "src/features/webhooks/deliveries/store.ts#endWaiting": OWN_SUBSCRIPTION,
  "src/features/webhooks/deliveries/store.ts#countRecent": OWN_SUBSCRIPTION,
};

/** Top-level declarations with the text that belongs to each. */
function declarationsOf(file: SourceFile): { readonly name: string; readonly from: number; readonly to: number }[] {
  const starts = [...file.code.matchAll(/^(?:export\s+)?(?:async\s+)?(?:function\*?|const|let|class)\s+(\w+)/gm)].map(
    (match) => ({ name: match[1] as string, from: match.index }),
  );
  return starts.map(({ name, from }, index) => ({ name, from, to: starts[index + 1]?.from ?? file.code.length }));
}

const tenantTables = (house: House): Set<string> =>
  new Set(
    house.migrations.flatMap(({ text }) =>
      [...withoutComments(text).matchAll(/\bCREATE\s+TABLE\s+(\w+)\s*\(([\s\S]*?)\n\)/g)]
        .filter((match) => /^\s*environment_id\s/m.test(match[2] as string))
        .map((match) => match[1] as string),
    ),
  );

function balanced(text: string, from: number): string {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return text.slice(from, at + 1);
  }
  return text.slice(from);
}

function queriesWithoutEnvironment(file: SourceFile, tables: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  for (const { name, from, to } of declarationsOf(file)) {
    if (WITHOUT_ENVIRONMENT[`${file.path}#${name}`] ?? WITHOUT_ENVIRONMENT[`${file.path}#*`]) continue;
    const text = file.code.slice(from, to);
    const fault = (at: number, table: string) =>
      faults.push(`${file.path}:${lineAt(file.code, at)} ${name} asks ${table} without environment_id`);
    for (const { at, value } of sqlStringsOf(file)) {
      if (at < from || at >= to) continue;
      const table = [...value.matchAll(/\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)/g)].find((match) =>
        tables.has(match[1] as string),
      )?.[1];
      if (!table) continue;
      const scoped = /\benvironment_id\s*(?:=|IN\b|,|\))/;
      const where = value.includes("${") ? text : value.slice(value.search(/\bWHERE\b|\bVALUES\b|\bINTO\b/));
      if (!scoped.test(where)) fault(at, table);
    }
    for (const call of text.matchAll(/\.(findMany|lockMany|updateMany|upsertMany)\s*(?:<[^(]*>)?\s*\(\s*\{/g)) {
      const body = balanced(text, call.index + call[0].length - 1);
      const table = /\btable:\s*"(\w+)"/.exec(body)?.[1];
      const keys = /\bkeyColumns:\s*\[([^\]]*)\]/.exec(body)?.[1] ?? text;
      if (table && tables.has(table) && !keys.includes("environment_id")) fault(from + call.index, table);
    }
  }
  return faults;
}

const MEMBERS = "CREATE TABLE members (\n  id TEXT PRIMARY KEY,\n  environment_id TEXT NOT NULL\n);";

const queriesCarryTheEnvironment: Rule = {
  name: "every query of a tenant's table carries environment_id, or is named with its reason",
  find: (house) => {
    const tables = tenantTables(house);
    return productSources(house)
      .filter(({ path }) => SQL_PLACES.some((place) => place.test(path)) && !path.startsWith("src/database/"))
      .flatMap((file) => queriesWithoutEnvironment(file, tables));
  },
  offenders: [
    'export function f(r) { return r.get("SELECT environment_id, id FROM members WHERE id = ?"); }',
    'export const f = (w) => w.run("UPDATE members SET state = ? WHERE id = ?");',
    'export const f = (w) => w.run("DELETE FROM members WHERE id = ?");',
    'export const f = (r) => r.findMany<Row>({ table: "members", columns: ["environment_id"], keyColumns: ["id"], keys });',
    'export const f = (w) => w.updateMany({ table: "members", columns: ["state"], keyColumns: ["id"], rows });',
  ].map((text) => houseOf({ "src/features/progression/store.ts": text, "migrations/0001_x.sql": MEMBERS })),
  innocents: [
    'export const f = (r) => r.get("SELECT id FROM members WHERE environment_id = ? AND id = ?");',
    'export const f = (r) => r.get("SELECT id FROM programs WHERE id = ?");',
    'export const f = (r) => r.findMany({ table: "members", columns: C, keyColumns: ["environment_id", "user_id"], keys });',
  ].map((text) => houseOf({ "src/features/progression/store.ts": text, "migrations/0001_x.sql": MEMBERS })),
};

/** A reason for something that is gone misleads: the list must name what exists. */
const listedReasonsStand: Rule = {
  name: "every query excused from environment_id still exists",
  find: (house) =>
    Object.keys(WITHOUT_ENVIRONMENT).filter((entry) => {
      const [path, name] = entry.split("#") as [string, string];
      const file = house.sources.find((source) => source.path === path);
      return !file || (name !== "*" && !declarationsOf(file).some((declaration) => declaration.name === name));
    }),
  offenders: [houseOf({ "src/journal/outbox.ts": "export const announce = 1;" })],
};

export const SQL_RULES: readonly Rule[] = [
  sqlOnlyInStores,
  sqlIsPortable,
  queriesCarryTheEnvironment,
  listedReasonsStand,
];
