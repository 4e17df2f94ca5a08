import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { readSmallTextFile } from "../config/text-file.ts";
import { checkSignature, SIGNATURE_CHECK_BOUNDS, type SignatureAnswer } from "../features/webhooks/index.ts";
import { letOthersRun, parseIsoTime, systemClock } from "../kernel/clock.ts";
import { formatDuration, MINUTE, parseDuration } from "../kernel/units.ts";
import { readRecorded } from "./check-signature-request.ts";
import type { Command, Invocation } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { paletteFor, printable } from "./view.ts";

const SECRET_VARIABLE = "HATCH_WEBHOOK_SECRET";
const { bodyBytesMax, secretCharactersMax } = SIGNATURE_CHECK_BOUNDS;
const TOLERANCE = 5 * MINUTE;

/** The bytes of a file, whatever they are. */
function bytesOf(invocation: Invocation, option: string): Uint8Array {
  const path = resolve(invocation.workingDirectory, invocation.required(option));
  const bytes = new Uint8Array(bodyBytesMax + 1);
  let length = 0;
  try {
    const descriptor = openSync(path, "r");
    try {
      for (;;) {
        const read = readSync(descriptor, bytes, length, bytes.length - length, null);
        if (read === 0) break;
        length += read;
      }
    } finally {
      closeSync(descriptor);
    }
  } catch {
    throw new UsageError(`--${option}: ${invocation.required(option)} can't be read.`);
  }
  if (length > bodyBytesMax) throw new UsageError(`--${option}: longer than ${bodyBytesMax / 1024} KiB.`);
  return bytes.subarray(0, length);
}

/** It never stands in a command line: arguments are read by every process of the machine. */
async function secretOf(invocation: Invocation): Promise<string> {
  const path = invocation.text("secret-file");
  if (path !== undefined) {
    const text = readSmallTextFile(resolve(invocation.workingDirectory, path));
    if (text === undefined) throw new UsageError(`--secret-file: ${path} can't be read, or is longer than 64 KiB.`);
    return text;
  }
  const { askSecret, readInput } = invocation.terminal;
  const known = invocation.environment[SECRET_VARIABLE];
  const secret =
    known ??
    (askSecret ? await askSecret("The secret: ") : (await readInput(secretCharactersMax)).replace(/\r?\n$/, ""));
  if (secret === undefined || secret === "") {
    throw new UsageError(`The secret is missing: give --secret-file, ${SECRET_VARIABLE}, or stdin.`);
  }
  if (secret.length > secretCharactersMax) throw new UsageError("The secret is too long.");
  return secret;
}

function toleranceOf(invocation: Invocation): number {
  const text = invocation.text("tolerance");
  const tolerance = text === undefined ? TOLERANCE : parseDuration(text);
  if (tolerance === undefined) throw new UsageError('--tolerance: expected a duration such as "5m".');
  return tolerance;
}

function receivedAtOf(invocation: Invocation): number {
  const text = invocation.text("received-at");
  const at = text === undefined ? systemClock.now() : parseIsoTime(text);
  if (at === undefined) throw new UsageError("--received-at: expected a time such as 2026-11-20T18:04:00Z.");
  return at;
}

function friendly(invocation: Invocation, answer: SignatureAnswer): string {
  const { terminal, environment } = invocation;
  const { bad: red, good: green, quiet: faint } = paletteFor(terminal.interactive, environment.NO_COLOR);
  const { valid, family, secret, ageSeconds, mistake, also, hint, checks } = answer;
  const lines = valid
    ? [
        green("The signature is right."),
        `  Family    ${family}`,
        `  Secret    ${secret}`,
        ...(ageSeconds === null ? [] : [`  Age       ${formatAge(ageSeconds)}`]),
      ]
    : [mistake, ...also].flatMap((one, index) =>
        one === null
          ? []
          : [
              red(`${index === 0 ? "" : "And "}${one.code}${one.proven ? "" : " (not proven)"}`),
              `  ${printable(one.message)}`,
              `  ${one.fix}`,
            ],
      );
  const tail = checks.map(({ family: of, check, ok, message }) =>
    faint(`  ${ok ? "+" : "-"} ${of} ${check}: ${printable(message)}`),
  );
  return [...lines, ...(hint === null ? [] : [`  ${hint}`]), "", ...tail].join("\n");
}

const formatAge = (seconds: number): string =>
  seconds < 0 ? `${formatDuration(-seconds * 1000)} ahead` : formatDuration(seconds * 1000);

export const command: Command = {
  name: "check-signature",
  summary: "Tells why the signature of a webhook does not verify.",
  options: {
    headers: {
      value: "FILE",
      description: "What came: lines of Name: value, JSON, or a whole recorded request with its body.",
    },
    body: { value: "FILE", description: "The body as it came, byte for byte, where --headers does not hold it." },
    "secret-file": { value: "FILE", description: `The secret (else ${SECRET_VARIABLE}, else stdin).` },
    "received-at": { value: "TIME", description: "When it came, e.g. 2026-11-20T18:04:00Z; now, if not given." },
    tolerance: { value: "DURATION", description: "How old it may be (5m)." },
  },
  positional: "headers",
  example: "hatch check-signature request.txt --body body.json --secret-file ./webhook.secret",
  async run(invocation) {
    const recorded = readRecorded(Buffer.from(bytesOf(invocation, "headers")));
    if (!recorded) throw new UsageError("--headers: expected lines of Name: value, or a JSON object.");
    const body = invocation.text("body") === undefined ? recorded.body : bytesOf(invocation, "body");
    if (!body) throw new UsageError("--body is missing.");
    const toleranceSeconds = toleranceOf(invocation) / 1000;
    const receivedAt = Math.floor(receivedAtOf(invocation) / 1000);
    const secret = await secretOf(invocation);
    const answer = await checkSignature({
      headers: recorded.headers,
      body,
      secrets: [{ text: secret, name: "the secret that you gave" }],
      ...{ receivedAt, toleranceSeconds, breathe: letOthersRun },
    });
    invocation.terminal.out(invocation.json ? JSON.stringify(answer) : friendly(invocation, answer));
    return answer.valid ? EXIT.done : EXIT.failed;
  },
};
