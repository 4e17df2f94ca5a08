import { AppError } from "../kernel/errors.ts";
import type { Command, Invocation } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { perform } from "./perform.ts";

const CREDENTIAL_CHARACTERS_MAX = 8_000;

interface Inspected {
  readonly kind: string;
  readonly inForce: boolean;
  readonly credential: {
    readonly id: string;
    readonly name: string | null;
    readonly workspaceId: string;
    readonly environment: { readonly id: string; readonly kind: string };
    readonly userId: string | null;
    readonly scopes: readonly string[];
    readonly eventTypes: readonly string[] | null;
    readonly origins: readonly string[] | null;
    readonly createdBy: string;
    readonly ownedBy: string | null;
    readonly createdAt: string;
    readonly lastUsedAt: string | null;
    readonly expiresAt: string | null;
    readonly revokedAt: string | null;
  } | null;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}

const KINDS: Readonly<Record<string, string>> = {
  secret_key: "A secret key",
  publishable_key: "A publishable key",
  widget_token: "A member's widget token",
  embed_token: "An embed token",
  session_token: "A person's session",
  webhook_secret: "A webhook's secret",
  one_time_link: "The token of a mailed link",
  setup_token: "The set-up token",
  unknown: "No credential of this product",
};

/** What a terminal would obey instead of showing it. */
const plain = (text: string): string => text.replace(/\p{Cc}/gu, "");

function factsOf({ credential: facts }: Inspected): string[] {
  if (!facts) return [];
  const lines: readonly (readonly [string, string | null])[] = [
    ["Id", facts.id],
    ["Name", facts.name],
    ["Member", facts.userId],
    ["Environment", `${facts.environment.kind} (${facts.environment.id}) of ${facts.workspaceId}`],
    ["Scopes", facts.scopes.length === 0 ? null : facts.scopes.join(" ")],
    ["Event types", facts.eventTypes?.join(", ") ?? null],
    ["Origins", facts.origins?.join(" ") ?? null],
    ["Made", `${facts.createdAt} by ${facts.createdBy}`],
    ["Answers for it", facts.ownedBy],
    ["Last used", facts.lastUsedAt],
    ["Ends", facts.expiresAt],
    ["Revoked", facts.revokedAt],
  ];
  return lines.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(14)}  ${plain(value)}`]));
}

function friendly(inspected: Inspected): string {
  const { kind, inForce, problems } = inspected;
  const state = problems.length === 0 ? ", and nothing is wrong with it" : inForce ? ", in force" : "";
  return [
    `${KINDS[kind] ?? kind}${state}.`,
    ...factsOf(inspected),
    ...problems.map(({ message }) => `- ${plain(message)}`),
  ].join("\n");
}

/** It never stands in a command line: arguments are read by every process of the machine. */
async function findCredential({ terminal }: Invocation): Promise<string> {
  const { askSecret, readInput } = terminal;
  const typed = askSecret ? await askSecret("The credential: ") : await readInput(CREDENTIAL_CHARACTERS_MAX);
  if (typed === undefined) throw new AppError("conflict", "Broken off.");
  const credential = typed.trim();
  if (credential === "") throw new UsageError("stdin has no credential.");
  return credential;
}

export const command: Command = {
  name: "credentials inspect",
  summary: "Tells what a key or a token is, whose, and why it is refused.",
  options: {
    method: { value: "METHOD", description: "Of a request that it comes with, e.g. POST; with --path." },
    path: { value: "PATH", description: "Of that request, e.g. /v1/events; with --method." },
    origin: { value: "ORIGIN", description: "Of the page that sends it, e.g. https://app.example.com." },
  },
  example: `printf '%s' "$KEY" | hatch credentials inspect --method POST --path /v1/events`,
  async run(invocation) {
    const method = invocation.text("method")?.toUpperCase() ?? null;
    const path = invocation.text("path") ?? null;
    if ((method === null) !== (path === null)) throw new UsageError("--method and --path go together.");
    const origin = invocation.text("origin") ?? null;
    const credential = await findCredential(invocation);
    const result = await perform(invocation, "credentials.inspect", { credential, method, path, origin });
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : friendly(result as unknown as Inspected));
    return EXIT.done;
  },
};
