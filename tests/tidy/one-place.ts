import { houseOf, type Rule } from "./rule.ts";
import { isTest, lineAt } from "./source.ts";

interface OnePlace {
  readonly name: string;
  /** What must be met nowhere else; looked for outside comments and strings. */
  readonly pattern: RegExp;
  /** Modules that bring the same; looked for among the imports. */
  readonly modules?: readonly string[];
  /** Where it is at home. A name with a reason for each further place. */
  readonly places: readonly RegExp[];
  readonly offenders: readonly string[];
  readonly innocents?: readonly string[];
}

const onePlace = ({ name, pattern, modules = [], places, offenders, innocents = [] }: OnePlace): Rule => ({
  name,
  find: ({ sources }) =>
    sources
      .filter(({ path }) => path.startsWith("src/") && !isTest(path) && !places.some((place) => place.test(path)))
      .flatMap(({ path, bare, imports }) => [
        ...[...bare.matchAll(new RegExp(pattern, "g"))].map(
          (match) => `${path}:${lineAt(bare, match.index)} has ${match[0].trim()}`,
        ),
        ...imports
          .filter((specifier) => modules.includes(specifier))
          .map((specifier) => `${path} imports ${specifier}`),
      ]),
  offenders: offenders.map((text) => houseOf({ "src/features/events/offender.ts": text })),
  innocents: innocents.map((text) => houseOf({ "src/features/events/innocent.ts": text })),
});

export const ONE_PLACE_RULES: readonly Rule[] = [
  onePlace({
    name: "time and timers are touched in kernel/clock.ts only",
    pattern:
      /\bnew Date\b|\bDate\.\w+|\b(?:set|clear)(?:Timeout|Interval|Immediate)\b|\bTemporal\.Now\b|\bperformance\.\w+|\bAbortSignal\.timeout\b|\bBun\.(?:sleep|sleepSync|nanoseconds)\b|\bprocess\.(?:hrtime|uptime)\b/,
    modules: ["node:timers", "node:timers/promises", "node:perf_hooks", "timers"],
    places: [
      /^src\/kernel\/clock\.ts$/,
      // Runs in the customer's own program, with that program's time.
      /^src\/client\/time\.ts$/,
    ],
    offenders: [
      "const at = Date.now();",
      "const at = new Date();",
      "setTimeout(() => {}, 5);",
      "const zone = Temporal.Now.timeZoneId();",
      "const signal = AbortSignal.timeout(5);",
      'import { setTimeout as wait } from "node:timers/promises";',
    ],
    innocents: [
      "// Date.now() is not for here",
      'const text = "new Date()";',
      "const at = Temporal.Instant.fromEpochMilliseconds(0);",
      "const re = /new Date/;",
    ],
  }),
  onePlace({
    name: "chance is touched in kernel/chance.ts only",
    pattern: /\bMath\.random\b|\brandom(?:Bytes|UUID|Int|Fill|FillSync|UUIDv7)\b|\bgetRandomValues\b/,
    // The client's own, in the customer's program.
    places: [/^src\/kernel\/chance\.ts$/, /^src\/client\/chance\.ts$/],
    offenders: ["const n = Math.random();", "crypto.randomUUID();", 'import { randomBytes } from "node:crypto";'],
  }),
  onePlace({
    name: "the environment is read in config/ only",
    pattern: /\bprocess\.env\b|\bBun\.env\b|\bimport\.meta\.env\b/,
    places: [/^src\/config\//],
    offenders: ["const home = process.env.HOME;", 'const port = Bun.env["PORT"];'],
  }),
  onePlace({
    name: "the network is reached through outbound/ only",
    pattern:
      /(?<![.\w])fetch\s*\((?!\w+\s*:)|\bglobalThis\.fetch\b|\bBun\.(?:fetch|connect|udpSocket|dns)\b|\bnew (?:WebSocket|EventSource|XMLHttpRequest)\b/,
    modules: [
      "node:http",
      "node:https",
      "node:http2",
      "node:net",
      "node:tls",
      "node:dns",
      "node:dns/promises",
      "undici",
      "nodemailer",
      "nodemailer/lib/mailer",
      "nodemailer/lib/smtp-pool",
    ],
    places: [
      /^src\/outbound\//,
      // Runs in the customer's own program.
      /^src\/client\//,
      // What the person at the command line asks it to call.
      /^src\/cli\/outgoing\.ts$/,
      // Talks to the running server through the socket file in the data folder.
      /^src\/cli\/control[\w-]*\.ts$/,
      // Plays the customer: calls the public API, and receives on a loopback port of its own.
      /^src\/cli\/demo[\w-]*\.ts$/,
    ],
    offenders: [
      'await fetch("https://example.com");',
      'import { request } from "node:https";',
      "const socket = await Bun.connect({});",
    ],
    innocents: [
      "interface App { fetch(request: Request): Promise<Response>; }",
      "const answer = await app.fetch(request);",
      'import { isIP } from "ipaddr.js";',
    ],
  }),
  onePlace({
    name: "nothing prints but the command line and the log",
    pattern: /\bconsole\.\w+|\bprocess\.(?:stdout|stderr)\b|\bBun\.(?:stdout|stderr)\b/,
    places: [/^src\/cli\//],
    offenders: ['console.log("here");', 'process.stdout.write("here");'],
    innocents: ["// console.log(x)"],
  }),
  onePlace({
    name: "nothing is of type any",
    pattern: /:\s*any\b|\bas any\b|<any\b/,
    places: [],
    offenders: ["const x: any = 1;", "const y = z as any;"],
    innocents: ["const many: Many = 1;"],
  }),
];
