import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { configTypes, TYPES_FILE } from "../src/cli/config-types.ts";
import { findTemplate, TEMPLATE_NAMES } from "../src/cli/templates.ts";

const ROOT = resolve(import.meta.dir, "..");
const TSC = join(ROOT, "node_modules", "typescript", "bin", "tsc");

const configOf = (body: string): string =>
  `import type { HatchConfig } from "./${TYPES_FILE}";\nexport default ${body} satisfies HatchConfig;\n`;
const programOf = (sections: string): string => configOf(`{ program: { timezone: "UTC", ${sections} } }`);
const ruleOf = (fields: string): string => programOf(`rules: { a: { on: "x", ${fields} } }`);

/** Each is one mistake, and what TypeScript has to say of it. */
const MISTAKES: Readonly<Record<string, readonly [text: string, said: RegExp]>> = {
  section: [configOf("{ webhook: {} }"), /'webhook' does not exist in type 'HatchConfig'/],
  setting: [configOf("{ webhooks: { timeoot: '10s' } }"), /'timeoot' does not exist/],
  number: [configOf("{ server: { port: '4282' } }"), /'string' is not assignable to type 'number'/],
  choice: [configOf("{ log: { level: 'loud' } }"), /'"loud"' is not assignable to type '"debug" \| /],
  list: [
    configOf("{ webhooks: { allowNetworks: '10.0.0.0/8' } }"),
    /'string' is not assignable to type 'readonly string\[\]'/,
  ],
  zone: [configOf("{ program: {} }"), /'timezone' is missing in type '\{\}' but required in type 'Program'/],
  programSection: [programOf("badge: {}"), /'badge' does not exist in type 'Program'/],
  ruleKey: [ruleOf("then: [], limit: []"), /'limit' does not exist in type 'Rule'/],
  ruleWithout: [programOf("rules: { a: { on: 'x' } }"), /'then' is missing in type/],
  action: [ruleOf("then: [{ credits: 'xp', amount: 1 }]"), /'credits' does not exist in type/],
  amount: [ruleOf("then: [{ credit: 'xp', amount: true }]"), /is not assignable to type 'string \| number/],
  mixture: [ruleOf("then: [{ credit: 'xp', debit: 'xp', amount: 1 }]"), /is not assignable to type 'Action'/],
  every: [
    ruleOf("then: [], limits: [{ per: 'member', every: 'hour', times: 1 }]"),
    /'"hour"' is not assignable to type '"day" \| /,
  ],
  bothLimits: [
    ruleOf("then: [], limits: [{ per: 'member', every: 'day', times: 1, credits: 5 }]"),
    /is not assignable to type 'Limit'/,
  ],
  kind: [
    programOf("currencies: { xp: { kind: 'points' } }"),
    /'"points"' is not assignable to type '"progress" \| "spendable"'/,
  ],
  rung: [
    programOf("tracks: { level: { over: 'xp', rungs: [{ key: 'a', at: '5' }] } }"),
    /'string' is not assignable to type 'number'/,
  ],
  badge: [programOf("badges: { first: { when: 'true' } }"), /'title' is missing in type/],
  streak: [
    programOf("streaks: { daily: { on: 'x', every: 'month' } }"),
    /'"month"' is not assignable to type '"day" \| "week"'/,
  ],
  freezes: [
    programOf("streaks: { daily: { on: 'x', every: 'day', freezes: { earnEvery: 7 } } }"),
    /'max' is missing in type/,
  ],
  board: [
    programOf("leaderboards: { top: { over: 'xp', window: 'year' } }"),
    /'"year"' is not assignable to type '"all" \| /,
  ],
  reward: [
    programOf("rewards: { mug: { title: 'Mug', price: { coins: '5' } } }"),
    /'string' is not assignable to type 'number'/,
  ],
  schema: [
    programOf("eventTypes: { x: { schema: 'object' } }"),
    /'string' is not assignable to type '\{ readonly \[name: string\]: unknown; \}'/,
  ],
};

/** What the schema accepts, all of it once. */
const EVERYTHING = configOf(`{
  server: { port: 0, publicUrl: "https://hatch.example.com" },
  webhooks: { retryDelays: ["1m"], retryJitter: 0.5, allowNetworks: [] },
  program: {
    timezone: "Europe/Berlin", weekStartsOn: "sunday",
    eventTypes: { "Lesson Done": { schema: { type: "object", required: ["a"] }, description: "x", clientSafe: true, forward: true } },
    currencies: { xp: { kind: "progress" }, coins: { kind: "spendable", title: "Coins", expiresAfter: "P1Y" } },
    rules: { a: { title: "A", on: "Lesson Done", when: "true",
      then: [{ credit: "xp", amount: 1 }, { debit: "coins", amount: "1 + 1", key: "b" }, { award: "first" }],
      limits: [{ per: "everyone", every: "ever", times: 1 }, { per: "member", every: "week", credits: 5, currency: "xp" }] } },
    tracks: { level: { over: "xp", rungs: [{ key: "a", at: 0, title: "A" }] } },
    streaks: { daily: { on: "Lesson Done", every: "day", milestones: [7], freezes: { max: 2, earnEvery: 7 }, grace: "2h" } },
    badges: { first: { title: "First", when: "true", award: "manual" } },
    leaderboards: { top: { over: "xp", window: "week", ties: "dense" } },
    rewards: { mug: { title: "Mug", price: { coins: 5 }, stock: 2, perMember: 1 } },
  },
}`);

/** What the generated types say and what is inferred from the same schemas say the same. */
const AGREEMENT = `
import type { HatchConfig, Program } from "./${TYPES_FILE}";
import type { WrittenSettings } from "${ROOT}/src/config/settings.ts";
import type { WrittenProgram } from "${ROOT}/src/features/progression/index.ts";
type Frozen<T> = T extends readonly (infer Item)[] ? readonly Frozen<Item>[]
  : T extends object ? { readonly [Name in keyof T]: Frozen<T[Name]> } : T;
/** A JSON Schema is any object to the generated types. */
type WithoutSchemas<T extends { readonly eventTypes?: unknown }> = Omit<T, "eventTypes">;
type Settings = Omit<HatchConfig, "program">;
export const settings = (a: Settings, b: WrittenSettings): [WrittenSettings, Settings] => [a, b];
export const program = (a: WithoutSchemas<Program>, b: WithoutSchemas<Frozen<WrittenProgram>>): [typeof b, typeof a] => [a, b];
`;

let folder = "";
let output = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hatch-types-"));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };
  write(TYPES_FILE, configTypes());
  const names = [
    ...TEMPLATE_NAMES.map((name) => write(`template-${name}.ts`, findTemplate(name)?.text ?? "")),
    ...Object.entries(MISTAKES).map(([name, [text]]) => write(`mistake-${name}.ts`, text)),
    write("everything.ts", EVERYTHING),
  ];
  const check = (...args: readonly string[]): string =>
    Bun.spawnSync([process.execPath, TSC, "--noEmit", "--strict", "--pretty", "false", ...args], {
      cwd: folder,
    }).stdout.toString();
  // As an editor does in a folder where nothing but the two files is.
  output = check("--types", "", ...names);
  const ours = ["--module", "preserve", "--target", "esnext", "--allowImportingTsExtensions", "--skipLibCheck"];
  const types = ["--types", "bun-types", "--typeRoots", join(ROOT, "node_modules")];
  output += check(...ours, ...types, write("agreement.ts", AGREEMENT));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const saidOf = (file: string): string =>
  output
    .split(/\n(?=\S)/)
    .filter((line) => line.startsWith(`${file}(`))
    .join("\n");

test.each(TEMPLATE_NAMES.map((name) => [name]))("the template %s is what its types ask for", (name) => {
  expect(saidOf(`template-${name}.ts`)).toBe("");
});

test("everything that the schema accepts has a type", () => {
  expect(saidOf("everything.ts")).toBe("");
});

test("the types that are written agree with those that are inferred from the same schemas", () => {
  expect(saidOf("agreement.ts")).toBe("");
});

test.each(Object.entries(MISTAKES).map(([name, [text, said]]) => ({ name, text, said })))(
  "a mistake is a type error: $name",
  ({ name, said }) => {
    expect(saidOf(`mistake-${name}.ts`)).toMatch(said);
  },
);
