import { resolve } from "node:path";
import { BUILD } from "../config/build.ts";
import { readSmallTextFile } from "../config/text-file.ts";
import { systemChance } from "../kernel/chance.ts";
import { systemClock } from "../kernel/clock.ts";
import { createIds } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { maskCredentials } from "../kernel/log.ts";
import { formatDuration, parseDuration, SECOND } from "../kernel/units.ts";
import { examine } from "./check-receiver/exam.ts";
import { closingLines, headLine, reportJson, resultLines } from "./check-receiver/report.ts";
import type { Format } from "./check-receiver/signatures.ts";
import type { Command, Invocation } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { paletteFor } from "./view.ts";

const SECRET_VARIABLE = "HATCH_WEBHOOK_SECRET";
/** What a delivery has. */
const TIMEOUT = 10 * SECOND;
const TIMEOUT_MAX = 60 * SECOND;
const FORMATS: readonly Format[] = ["both", "hatch", "standard"];

function urlOf(invocation: Invocation): string {
  const text = invocation.required("url");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new UsageError("--url: expected an address that begins with http:// or https://.");
  }
  if (url.username !== "" || url.password !== "")
    throw new UsageError("--url: a name and a password have no place in it.");
  return url.href;
}

function fileOf(invocation: Invocation, option: string): string | undefined {
  const path = invocation.text(option);
  if (path === undefined) return undefined;
  const text = readSmallTextFile(resolve(invocation.workingDirectory, path));
  if (text === undefined) throw new UsageError(`--${option}: ${path} can't be read, or is longer than 64 KiB.`);
  return text;
}

function secretOf(invocation: Invocation): string {
  if (invocation.text("secret") !== undefined && invocation.text("secret-file") !== undefined) {
    throw new UsageError("--secret and --secret-file: give one of them.");
  }
  const secret =
    invocation.text("secret") ?? fileOf(invocation, "secret-file") ?? invocation.environment[SECRET_VARIABLE] ?? "";
  if (secret === "") {
    throw new UsageError(`The receiver's secret is missing: give --secret-file, ${SECRET_VARIABLE} or --secret.`);
  }
  return secret;
}

function formatOf(invocation: Invocation): Format {
  const text = invocation.text("format") ?? "both";
  const format = FORMATS.find((one) => one === text);
  if (!format) throw new UsageError(`--format: expected ${FORMATS.join(", ")}.`);
  return format;
}

function timeoutOf(invocation: Invocation): number {
  const text = invocation.text("timeout");
  const timeout = text === undefined ? TIMEOUT : parseDuration(text);
  if (timeout === undefined || timeout === 0 || timeout > TIMEOUT_MAX) {
    throw new UsageError(`--timeout: expected a duration such as "10s", at most ${formatDuration(TIMEOUT_MAX)}.`);
  }
  return timeout;
}

function bodyOf(invocation: Invocation): JsonObject | undefined {
  const text = fileOf(invocation, "body");
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Said below, for both.
  }
  throw new UsageError("--body: expected a file with a JSON object.");
}

export const command: Command = {
  name: "check-receiver",
  summary: "Examines an endpoint that receives webhooks, and names each mistake.",
  options: {
    url: { value: "URL", description: "The receiver; --url may be left out. Needs no server of Hatch." },
    "secret-file": { value: "FILE", description: `The secret that it verifies with (else ${SECRET_VARIABLE}).` },
    secret: { value: "SECRET", description: "The same; other users of this machine can read it there." },
    format: { value: "FORMAT", description: "hatch, standard (Standard Webhooks) or both, as Hatch sends (default)." },
    body: { value: "FILE", description: "A JSON object to send, for a receiver that accepts its own kind only." },
    timeout: { value: "DURATION", description: "How long it has to answer (10s, as a delivery has)." },
  },
  positional: "url",
  example: "hatch check-receiver http://localhost:3000/webhooks --secret-file ./webhook.secret",
  async run(invocation) {
    const { terminal, json } = invocation;
    const url = urlOf(invocation);
    const secret = secretOf(invocation);
    const format = formatOf(invocation);
    const palette = paletteFor(terminal.interactive, invocation.environment.NO_COLOR);
    const line = { url, clock: systemClock, timeoutMs: timeoutOf(invocation), userAgent: `Hatch/${BUILD.version}` };
    const out = (text: string): void => terminal.out(maskCredentials(text));
    const body = bodyOf(invocation);
    if (!json) out(headLine(palette, url, format));
    const report = await examine({
      ...{ line, secret, format, body },
      otherSecret: `whsec_${Buffer.from(systemChance.bytes(32)).toString("base64")}`,
      ids: createIds(systemClock, systemChance),
      onResult: (result) => {
        if (!json) for (const text of resultLines(palette, result)) out(text);
      },
    });
    out(json ? JSON.stringify(reportJson(report, url, format)) : closingLines(palette, report, format));
    return report.ok ? EXIT.done : EXIT.failed;
  },
};
