import { houseOf, type Rule } from "./rule.ts";
import { isTest, resolveImport, type SourceFile } from "./source.ts";

/** From the ground up. A file may import its own floor and those below. */
const FLOORS = [
  "client",
  "kernel",
  "config",
  "database",
  "outbound",
  "context.ts",
  "jobs",
  "journal",
  "http",
  "feature.ts",
  "features",
  "app.ts",
  "cli",
  "main.ts",
] as const;

/** The rooms that may know another room. All others meet in the outbox, in kernel types, or in app.ts. */
const ROOM_EDGES: Readonly<Record<string, readonly string[]>> = {
  events: ["progression"],
  launches: ["progression"],
  widgets: ["progression"],
};

/** From outside src/, besides pages and the manifest: what the executable carries along. */
const CARRIED: readonly (readonly [from: RegExp, to: RegExp])[] = [
  [/^src\/database\/migrations\.ts$/, /^migrations\/\d{4}_\w+\.sql$/],
  // The demonstration's program where no configuration has one.
  [/^src\/cli\/demo-subject\.ts$/, /^hatch\.config\.ts$/],
  // What a person reads at /docs/guides, without a network.
  [/^src\/http\/guides\.ts$/, /^docs\/guides\/[\w-]+\.md$/],
  [/^src\//, /^static\/|^dist\/pages\/|^(?:package\.json|LICENSE)$/],
];

const floorOf = (path: string): number => FLOORS.indexOf(path.split("/")[1] as (typeof FLOORS)[number]);
const roomOf = (path: string): string | undefined => /^src\/features\/([^/]+)\//.exec(path)?.[1];

interface Edge {
  readonly from: string;
  readonly to: string;
}

const edgesOf = (sources: readonly SourceFile[]): Edge[] =>
  sources
    .filter(({ path }) => path.startsWith("src/") && !isTest(path))
    .flatMap(({ path, imports }) =>
      imports.flatMap((specifier) => {
        const to = resolveImport(path, specifier);
        return to === undefined ? [] : [{ from: path, to }];
      }),
    );

const productSources = (sources: readonly SourceFile[]): SourceFile[] =>
  sources.filter(({ path }) => path.startsWith("src/") && !isTest(path));

const importsGoDown: Rule = {
  name: `imports go down only: ${FLOORS.map((floor) => floor.replace(".ts", "")).join(" < ")}`,
  find: ({ sources }) => [
    ...productSources(sources)
      .filter(({ path }) => floorOf(path) === -1)
      .map(({ path }) => `${path} stands on no floor`),
    ...edgesOf(sources)
      .filter(({ to }) => to.startsWith("src/"))
      .filter(({ from, to }) => floorOf(to) > floorOf(from))
      .map(({ from, to }) => `${from} imports ${to}, a floor above it`),
    ...edgesOf(sources)
      .filter(({ to }) => !to.startsWith("src/"))
      .filter(({ from, to }) => !CARRIED.some(([source, target]) => source.test(from) && target.test(to)))
      .map(({ from, to }) => `${from} imports ${to}, which is not part of the product`),
  ],
  offenders: [
    houseOf({ "src/kernel/ids.ts": 'import type { Context } from "../context.ts";' }),
    houseOf({ "src/journal/audit.ts": 'import { createX } from "../features/events/index.ts";' }),
    houseOf({ "src/utils/strings.ts": "" }),
    houseOf({ "src/features/events/routes.ts": 'import { fake } from "../../../tests/support/clock.ts";' }),
    houseOf({ "src/http/guides.ts": 'import text from "../../docs/architecture.md" with { type: "text" };' }),
    houseOf({ "src/http/site.ts": 'import text from "../../docs/guides/quickstart.md" with { type: "text" };' }),
  ],
  innocents: [
    houseOf({ "src/features/events/routes.ts": 'import type { Guard } from "../../http/guard.ts";' }),
    houseOf({ "src/http/guides.ts": 'import text from "../../docs/guides/quickstart.md" with { type: "text" };' }),
    houseOf({ "src/kernel/ids.test.ts": 'import { FakeClock } from "../../tests/support/clock.ts";' }),
  ],
};

const roomsByTheirDoors: Rule = {
  name: "a room knows another only where the plan says so, and only by its index.ts",
  find: ({ sources }) =>
    edgesOf(sources).flatMap(({ from, to }) => {
      const room = roomOf(to);
      if (room === undefined || roomOf(from) === room) return [];
      const here = roomOf(from);
      if (here !== undefined && !ROOM_EDGES[here]?.includes(room)) return [`${from}: ${here} must not know ${room}`];
      const doors = here === undefined ? ["index.ts", "feature.ts"] : ["index.ts"];
      const isDoor = doors.some((door) => to === `src/features/${room}/${door}`);
      return isDoor ? [] : [`${from} enters ${room} by ${to}, not by its ${doors.join(" or ")}`];
    }),
  offenders: [
    houseOf({ "src/features/webhooks/routes.ts": 'import { x } from "../events/index.ts";' }),
    houseOf({ "src/features/events/ingest.ts": 'import { decide } from "../progression/decide.ts";' }),
    houseOf({ "src/app.ts": 'import { findKey } from "./features/access/store.ts";' }),
  ],
  innocents: [
    houseOf({ "src/features/events/ingest.ts": 'import { decide } from "../progression/index.ts";' }),
    houseOf({ "src/app.ts": 'import { createEventsFeature } from "./features/events/feature.ts";' }),
  ],
};

/** Tarjan's strongly connected components, those of more than one file (or of one that imports itself). */
function circles(edges: readonly Edge[]): string[][] {
  const targets = Map.groupBy(edges, ({ from }) => from);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const own = index.size;
    index.set(node, own);
    let lowest = own;
    stack.push(node);
    for (const { to } of targets.get(node) ?? []) {
      if (!index.has(to)) lowest = Math.min(lowest, visit(to));
      else if (stack.includes(to)) lowest = Math.min(lowest, index.get(to) as number);
    }
    low.set(node, lowest);
    if (lowest === own) {
      const members = stack.splice(stack.indexOf(node));
      if (members.length > 1 || targets.get(node)?.some(({ to }) => to === node)) found.push(members);
    }
    return lowest;
  };
  for (const { from } of edges) if (!index.has(from)) visit(from);
  return found;
}

const noCircles: Rule = {
  name: "no imports in a circle, those of types included",
  find: ({ sources }) => circles(edgesOf(sources)).map((members) => `in a circle: ${members.sort().join(", ")}`),
  offenders: [
    houseOf({
      "src/kernel/a.ts": 'import type { B } from "./b.ts";',
      "src/kernel/b.ts": 'import type { C } from "./c.ts";',
      "src/kernel/c.ts": 'import { a } from "./a.ts";',
    }),
    houseOf({ "src/kernel/a.ts": 'export * from "./b.ts";', "src/kernel/b.ts": 'await import("./a.ts");' }),
  ],
  innocents: [
    houseOf({
      "src/kernel/a.ts": 'import { b } from "./b.ts";\nimport { c } from "./c.ts";',
      "src/kernel/b.ts": 'import { c } from "./c.ts";',
    }),
  ],
};

/** They are run by browsers too: what a page shows is handed to it. Templates are no pages, they are the user's own. */
const pagesKnowNoServer: Rule = {
  name: "what pages are made of imports nothing of the server",
  find: ({ sources }) =>
    sources
      .filter(({ path }) => /^static\/(?!templates\/)/.test(path))
      .flatMap(({ path, imports }) =>
        imports
          .map((specifier) => resolveImport(path, specifier))
          .filter((to) => to !== undefined && !to.startsWith("static/"))
          .map((to) => `${path} imports ${to}`),
      ),
  offenders: [
    houseOf({ "static/ui/chip.tsx": 'import type { Config } from "../../src/config/config.ts";' }),
    houseOf({ "static/ui/page.ts": 'import { fake } from "../../tests/support/clock.ts";' }),
  ],
  innocents: [
    houseOf({
      "static/gallery/main.ts": 'import { Chart } from "../ui/chart.tsx";\nimport { signal } from "@preact/signals";',
    }),
  ],
};

/** The runtime reads the configuration of the folder it is started in, and takes another library where that has none. */
const markupNamesItsLibrary: Rule = {
  name: "every .tsx file names the library of its mark-up, so that it runs from any folder",
  find: ({ sources }) =>
    sources
      .filter(({ path, text }) => path.endsWith(".tsx") && !text.startsWith("/** @jsxImportSource preact */\n"))
      .map(({ path }) => `${path} does not begin with /** @jsxImportSource preact */`),
  offenders: [houseOf({ "static/ui/chip.tsx": "export const Chip = () => <b />;" })],
  innocents: [houseOf({ "static/ui/chip.tsx": "/** @jsxImportSource preact */\nexport const Chip = () => <b />;" })],
};

export const FLOOR_RULES: readonly Rule[] = [
  importsGoDown,
  roomsByTheirDoors,
  noCircles,
  pagesKnowNoServer,
  markupNamesItsLibrary,
];
