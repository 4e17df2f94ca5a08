import { posix } from "node:path";
import { houseOf, type Rule } from "./rule.ts";
import { type House, isTest, lineAt, resolveImport } from "./source.ts";

/** What the executable may hold at run time; anything else needs a decision first. */
const RUNTIME_DEPENDENCIES = [
  "@elysiajs/jwt",
  "@elysiajs/openapi",
  "@marcbachmann/cel-js",
  "@noble/curves",
  "@noble/hashes",
  "@preact/signals",
  "@valibot/to-json-schema",
  "ajv",
  "canonicalize",
  "croner",
  "elysia",
  "ipaddr.js",
  "micro-eth-signer",
  "nodemailer",
  "openid-client",
  "preact",
  "preact-render-to-string",
  "re2js",
  "uplot",
  "uqr",
  "valibot",
];
const PACKAGES_MAX = 40;
/** Peers that are types or tools: asked for by name, never part of the executable. */
const NOT_INSIDE = new Set(["typescript", "@types/node", "bun-types", "@types/bun"]);

/** What is ours to keep small: the product, and what its pages are made of. The gallery asks for every part. */
const HOUSE = /^src\/|^static\/(?:ui|gallery)\//;
/** Exported on purpose though nobody here imports it. */
const DOORS = [/^hatch\.config\.ts$/, /^src\/main\.ts$/];

interface Exported {
  readonly name: string;
  readonly at: number;
  readonly isType: boolean;
}

function exportsOf(bare: string): Exported[] {
  const declared = [
    ...bare.matchAll(
      /^export\s+(?:declare\s+)?(?:async\s+)?(?:abstract\s+)?(function\*?|const|let|class|interface|type|enum)\s+(\w+)/gm,
    ),
  ].map((match) => ({
    name: match[2] as string,
    at: match.index,
    isType: match[1] === "interface" || match[1] === "type",
  }));
  const listed = [...bare.matchAll(/^export\s+(type\s+)?\{([^}]*)\}(?!\s*from)/gm)].flatMap((match) =>
    (match[2] as string)
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "")
      .map((entry) => ({
        name: (entry.split(/\s+as\s+/)[1] ?? entry).replace(/^type\s+/, ""),
        at: match.index,
        isType: match[1] !== undefined || entry.startsWith("type "),
      })),
  );
  return [...declared, ...listed];
}

/** Names that each file is asked for by others; `*` where the whole module is taken. */
function importedNames({ sources }: House): Map<string, Set<string>> {
  const asked = new Map<string, Set<string>>();
  for (const { path, code } of sources) {
    for (const match of code.matchAll(
      /\b(?:import|export)\s+(?:type\s+)?([^;"'`]*?)\s*from\s*"(\.[^"]+)"|\bimport\s*\(\s*"(\.[^"]+)"/g,
    )) {
      const target = resolveImport(path, (match[2] ?? match[3]) as string) as string;
      const names = asked.get(target) ?? new Set();
      asked.set(target, names);
      const clause = match[1] ?? "*";
      if (clause.includes("*")) names.add("*");
      for (const entry of /\{([\s\S]*)\}/.exec(clause)?.[1]?.split(",") ?? []) {
        names.add(
          entry
            .trim()
            .replace(/^type\s+/, "")
            .split(/\s+as\s+/)[0] as string,
        );
      }
    }
  }
  return asked;
}

const noDeadExport: Rule = {
  name: "every export of src/ and of the pages' parts is imported somewhere",
  find: (house) => {
    const asked = importedNames(house);
    return house.sources
      .filter(({ path }) => HOUSE.test(path) && !isTest(path) && !DOORS.some((door) => door.test(path)))
      .flatMap(({ path, bare }) => {
        const names = asked.get(path) ?? new Set();
        if (names.has("*")) return [];
        return (
          exportsOf(bare)
            .filter(({ name }) => !names.has(name))
            // A type that an exported signature speaks of belongs to that door.
            .filter(({ name, isType }) => !(isType && (bare.match(new RegExp(`\\b${name}\\b`, "g"))?.length ?? 0) > 1))
            .map(({ name, at }) => `${path}:${lineAt(bare, at)} exports ${name}, which nobody imports`)
        );
      });
  },
  offenders: [
    houseOf({ "src/kernel/a.ts": "export const unused = 1;" }),
    houseOf({ "src/kernel/a.ts": "export type Unused = string;" }),
    houseOf({ "static/ui/unused.tsx": "export const Unused = () => <p>Nobody shows it.</p>;" }),
    houseOf({ "src/kernel/a.ts": "const x = 1;\nexport { x };", "src/kernel/b.ts": 'import { y } from "./a.ts";' }),
  ],
  innocents: [
    houseOf({ "src/kernel/a.ts": "export const used = 1;", "src/kernel/b.ts": 'import { used } from "./a.ts";' }),
    houseOf({
      "src/kernel/a.ts": "export const used = 1;",
      "src/kernel/a.test.ts": 'import { type T, used } from "./a.ts";',
    }),
  ],
};

/** Folders whose paths a document may name in backticks. */
const NAMED_PATH =
  /^(?:src|tests|scripts|docs|bench|migrations|static|\.ci)\/[\w./-]+$|^[\w.-]+\.(?:md|ts|json|toml|lock)$/;
/** Made by the build or by a user, so absent from a fresh copy. */
const MADE_LATER = /^dist\/|^hatch\.config\.json$|^node_modules\/|^hatch\.lock$/;

const noDeadPath: Rule = {
  name: "every path that a document names exists",
  find: ({ documents, paths }) => {
    const files = new Set([...paths].map((path) => path.split("/").at(-1)));
    return documents.flatMap(({ path, text }) => {
      const links = [...text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => ({
        at: match.index,
        named: match[1] as string,
        exists: paths.has(posix.normalize(posix.join(posix.dirname(path), match[1] as string)).replace(/\/$/, "")),
      }));
      const named = [...text.matchAll(/`([^`\s]+)`/g)]
        .map((match) => ({ at: match.index, named: (match[1] as string).replace(/^\.\//, "").replace(/\/$/, "") }))
        .filter((entry) => NAMED_PATH.test(entry.named) && !MADE_LATER.test(entry.named))
        .map((entry) => ({
          ...entry,
          exists: paths.has(entry.named) || (!entry.named.includes("/") && files.has(entry.named)),
        }));
      return [...links, ...named]
        .filter(({ exists }) => !exists)
        .map((entry) => `${path}:${lineAt(text, entry.at)} names ${entry.named}, which does not exist`);
    });
  },
  offenders: [
    houseOf({ "docs/a.md": "See [the plan](plan.md)." }),
    houseOf({ "docs/a.md": "It stands in `src/kernel/gone.ts`." }),
  ],
  innocents: [
    houseOf({
      "docs/a.md": "[b](b.md#part) [web](https://example.com) `src/kernel/ids.ts`",
      "docs/b.md": "",
      "src/kernel/ids.ts": "",
    }),
  ],
};

const migrationsAreListed: Rule = {
  name: "every migration is listed, numbered from 1 without a gap",
  find: ({ migrations, sources }) => {
    const list = sources.find(({ path }) => path === "src/database/migrations.ts");
    const faults = migrations
      .filter(({ path }) => !list?.imports.includes(`../../${path}`))
      .map(({ path }) => `${path} is not in src/database/migrations.ts`);
    const numbers = migrations
      .map(({ path }) => Number(/\/(\d{4})_[a-z0-9_]+\.sql$/.exec(path)?.[1]))
      .sort((a, b) => a - b);
    numbers.forEach((number, index) => {
      if (number !== index + 1) faults.push(`migration ${index + 1} is missing or misnamed`);
    });
    const versions = [...(list?.bare.matchAll(/\bversion:\s*(\d+)/g) ?? [])].map((match) => Number(match[1]));
    versions.forEach((version, index) => {
      if (version !== index + 1) faults.push(`the list has version ${version} in place ${index + 1}`);
    });
    if (versions.length !== migrations.length) faults.push(`${versions.length} listed, ${migrations.length} files`);
    return faults;
  },
  offenders: [
    houseOf({ "migrations/0001_house.sql": "", "src/database/migrations.ts": "export const MIGRATIONS = [];" }),
    houseOf({
      "migrations/0002_house.sql": "",
      "src/database/migrations.ts":
        'import h from "../../migrations/0002_house.sql";\nexport const MIGRATIONS = [{ version: 2 }];',
    }),
  ],
};

const lockNamesNoHost: Rule = {
  name: "bun.lock names no registry's host, and no other lockfile stands beside it",
  find: ({ lock, paths }) => [
    ...[...lock.matchAll(/\w+:\/\/[^"\s]+/g)].map((match) => `bun.lock:${lineAt(lock, match.index)} has ${match[0]}`),
    ...["package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lockb"].filter((path) => paths.has(path)),
  ],
  offenders: [
    houseOf({}, { lock: '"elysia": ["elysia@1.4.30", "https://mirror.example/elysia.tgz", {}, "sha512-x"],' }),
    houseOf({ "package-lock.json": "{}" }),
  ],
};

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalPeers?: readonly string[];
}

/** The package and all that it brings, from the lockfile; a nested version of a package counts as another. */
export function closureOf(lock: string, roots: readonly string[]): Set<string> {
  const json = lock.replace(/,(\s*[}\]])/g, "$1");
  const packages = (JSON.parse(json === "" ? "{}" : json).packages ?? {}) as Record<
    string,
    [string, string, LockedPackage]
  >;
  const seen = new Set<string>();
  const visit = (key: string): void => {
    if (seen.has(key) || NOT_INSIDE.has(key)) return;
    const entry = packages[key];
    if (!entry) return;
    seen.add(key);
    const { dependencies = {}, peerDependencies = {}, optionalPeers = [] } = entry[2] ?? {};
    const needed = [
      ...Object.keys(dependencies),
      ...Object.keys(peerDependencies).filter((name) => !optionalPeers.includes(name)),
    ];
    for (const name of needed) visit(packages[`${key}/${name}`] ? `${key}/${name}` : name);
  };
  for (const root of roots) visit(root);
  return seen;
}

const dependenciesEarnTheirPlace: Rule = {
  name: `runtime dependencies are those decided on, each explained in docs/dependencies.md, at most ${PACKAGES_MAX} packages in all`,
  find: ({ manifest, documents, lock }) => {
    const document = documents.find(({ path }) => path === "docs/dependencies.md")?.text ?? "";
    const names = Object.keys(manifest.dependencies);
    const rows = new Map(
      [...document.matchAll(/^\|\s*`([^`]+)`\s*\|(.*)\|\s*(\d+)\s*\|\s*$/gm)].map((match) => [
        match[1] as string,
        Number(match[3]),
      ]),
    );
    const all = closureOf(lock, names);
    return [
      ...names.filter((name) => !RUNTIME_DEPENDENCIES.includes(name)).map((name) => `${name} was never decided on`),
      ...names.filter((name) => !rows.has(name)).map((name) => `docs/dependencies.md does not explain ${name}`),
      ...[...rows.keys()]
        .filter((name) => !names.includes(name))
        .map((name) => `docs/dependencies.md explains ${name}, which is not used`),
      ...[...rows]
        .filter(([name, count]) => names.includes(name) && closureOf(lock, [name]).size !== count)
        .map(
          ([name, count]) =>
            `docs/dependencies.md says ${name} brings ${count} packages, it is ${closureOf(lock, [name]).size}`,
        ),
      ...(names.length > 0 && !document.includes(`**${all.size} packages**`)
        ? [`docs/dependencies.md does not say **${all.size} packages**`]
        : []),
      ...(all.size > PACKAGES_MAX ? [`${all.size} packages, at most ${PACKAGES_MAX}`] : []),
      ...Object.entries(manifest.dependencies)
        .filter(([, version]) => !/^\d+\.\d+\.\d+/.test(version))
        .map(([name, version]) => `${name} is ${version}, not one exact version`),
    ];
  },
  offenders: [
    houseOf({}, { manifest: { dependencies: { "left-pad": "1.0.0" } } }),
    houseOf({}, { manifest: { dependencies: { elysia: "1.4.30" } } }),
    houseOf({ "docs/dependencies.md": "| `elysia` | http | it | 1 |" }),
    houseOf(
      { "docs/dependencies.md": "| `elysia` | http | it | 2 |" },
      {
        manifest: { dependencies: { elysia: "1.4.30" } },
        lock: '{"packages":{"elysia":["elysia@1.4.30","",{},"sha"]}}',
      },
    ),
    houseOf(
      { "docs/dependencies.md": "| `elysia` | http | it | 1 |" },
      {
        manifest: { dependencies: { elysia: "^1.4.30" } },
        lock: '{"packages":{"elysia":["elysia@1.4.30","",{},"sha"]}}',
      },
    ),
    houseOf(
      {},
      {
        manifest: { dependencies: { elysia: "1.4.30" } },
        lock: JSON.stringify({
          packages: {
            elysia: [
              "",
              "",
              { dependencies: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`p${n}`, "1"])) },
            ],
            ...Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`p${n}`, ["", "", {}]])),
          },
        }),
      },
    ),
  ],
  innocents: [
    houseOf(
      { "docs/dependencies.md": "**1 packages**\n| `elysia` | http | it | 1 |" },
      {
        manifest: { dependencies: { elysia: "1.4.30" } },
        lock: '{"packages":{"elysia":["elysia@1.4.30","",{},"sha"],}}',
      },
    ),
  ],
};

const noMachinePath: Rule = {
  name: "no document and no source names a path of someone's machine",
  find: ({ documents, sources }) =>
    [...documents, ...sources.filter(({ path }) => !path.startsWith("tests/tidy/"))].flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![\w.])\/(?:home|Users|work|root|opt)\/\w[\w./-]*/g)].map(
        (match) => `${path}:${lineAt(text, match.index)} names ${match[0]}`,
      ),
    ),
  offenders: [houseOf({ "docs/a.md": "Copy it from /home/jo/hatch." }), houseOf({ "src/a.ts": 'open("/root/x");' })],
};

export const RECORD_RULES: readonly Rule[] = [
  noDeadExport,
  noDeadPath,
  migrationsAreListed,
  lockNamesNoHost,
  dependenciesEarnTheirPlace,
  noMachinePath,
];
