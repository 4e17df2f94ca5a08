import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MINUTE } from "../kernel/units.ts";
import { ConfigError } from "./errors.ts";
import { loadConfig } from "./load-config.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hatch-config-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const load = (environment: Record<string, string>) =>
  loadConfig({
    flags: { data: directory, config: undefined, allowCode: true, settings: {} },
    environment,
    workingDirectory: directory,
  });
const refusalOf = async (environment: Record<string, string>): Promise<string> => {
  const error = await load(environment).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message;
};

const WHOLE = {
  HATCH_SERVER_PUBLIC_URL: "https://hatch.example.com",
  HATCH_MAIL_HOST: "smtp.example.com",
  HATCH_MAIL_USER: "hatch",
  HATCH_MAIL_PASSWORD: "pa55 wörd, with=signs",
  HATCH_MAIL_FROM: "Hatch <hatch@bücher.example>",
};
const without = (...names: (keyof typeof WHOLE)[]): Record<string, string> =>
  Object.fromEntries(Object.entries(WHOLE).filter(([name]) => !names.some((other) => other === name)));

test("without a host there is no mail server", async () => {
  const { config, mailPassword } = await load({ HATCH_MAIL_HOST: "", HATCH_MAIL_PASSWORD: "" });
  expect(config.mail).toBeUndefined();
  expect(mailPassword).toBeUndefined();
});

test("what is not said follows from what is", async () => {
  const { config } = await load(WHOLE);
  expect(config.mail).toEqual({
    host: "smtp.example.com",
    port: 587,
    tls: "starttls",
    user: "hatch",
    from: { name: "Hatch", address: "hatch@xn--bcher-kva.example" },
    replyTo: undefined,
    timeout: MINUTE,
  });
});

test.each([
  [{}, "starttls", 587],
  [{ HATCH_MAIL_PORT: "465" }, "implicit", 465],
  [{ HATCH_MAIL_TLS: "implicit" }, "implicit", 465],
  [{ HATCH_MAIL_PORT: "2525" }, "starttls", 2525],
  [{ HATCH_MAIL_PORT: "465", HATCH_MAIL_TLS: "starttls" }, "starttls", 465],
  [{ HATCH_MAIL_TLS: "none" }, "none", 25],
  [{ HATCH_MAIL_HOST: "localhost", HATCH_MAIL_PORT: "1025" }, "none", 1025],
  [{ HATCH_MAIL_HOST: "127.0.0.1" }, "none", 25],
  [{ HATCH_MAIL_HOST: "::1" }, "none", 25],
  [{ HATCH_MAIL_HOST: "localhost", HATCH_MAIL_TLS: "starttls" }, "starttls", 587],
  // Only looks like this machine.
  [{ HATCH_MAIL_HOST: "127.example.com" }, "starttls", 587],
  [{ HATCH_MAIL_HOST: "localhost.example.com" }, "starttls", 587],
] as const)("%p is spoken to by %s at port %d", async (given, tls, port) => {
  const { config } = await load({ ...WHOLE, ...given });
  expect(config.mail).toMatchObject({ tls, port });
});

describe("the password", () => {
  test("is no part of the settings, and is explained without itself", async () => {
    const file = join(directory, "password");
    writeFileSync(file, "s3cret\n");
    const loaded = await load({ ...without("HATCH_MAIL_PASSWORD"), HATCH_MAIL_PASSWORD_FILE: file });
    expect(loaded.mailPassword).toBe("s3cret");
    expect(Bun.inspect([loaded.config, loaded.explained], { depth: 9 })).not.toContain("s3cret");
    expect(loaded.explained.find(({ path }) => path === "mail.password")?.value).toBe("********");
  });

  test("of two lines is refused without being repeated", async () => {
    const message = await refusalOf({ ...WHOLE, HATCH_MAIL_PASSWORD: "s3cret\nQUIT" });
    expect(message).toBe(
      "mail.password (environment HATCH_MAIL_PASSWORD): expected one line of at most 1024 characters",
    );
  });
});

test.each([
  ["mail.from", without("HATCH_MAIL_FROM")],
  ["mail.password", without("HATCH_MAIL_PASSWORD")],
  ["mail.user", without("HATCH_MAIL_USER")],
  ["server.publicUrl", without("HATCH_SERVER_PUBLIC_URL")],
  ["mail.host", without("HATCH_MAIL_HOST")],
  ["mail.host", { HATCH_MAIL_FROM: "hatch@example.com" }],
  ["mail.host", { HATCH_MAIL_PORT: "25" }],
] as const)("%s is asked for where the rest needs it", async (where, environment) => {
  expect(await refusalOf(environment)).toStartWith(`${where}: expected `);
});

test.each([
  ["HATCH_MAIL_FROM", "Hatch"],
  ["HATCH_MAIL_FROM", "a@example.com, b@example.com"],
  ["HATCH_MAIL_FROM", "Hatch\r\nBcc: eve@example.com <a@example.com>"],
  ["HATCH_MAIL_REPLY_TO", "nobody"],
  ["HATCH_MAIL_TLS", "off"],
  ["HATCH_MAIL_PORT", "0"],
  ["HATCH_MAIL_HOST", "smtp.example.com:587"],
  ["HATCH_MAIL_HOST", "smtp://smtp.example.com"],
  ["HATCH_MAIL_TIMEOUT", "0s"],
  ["HATCH_MAIL_SERVER", "smtp.example.com"],
])("%s=%p is refused", async (name, value) => {
  expect(await refusalOf({ ...WHOLE, [name]: value })).toContain(name);
});
