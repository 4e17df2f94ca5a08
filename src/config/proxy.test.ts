import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

const PROXY = "HATCH_OUTBOUND_PROXY";

test("without a proxy there is none, whatever the environment has for other programs", async () => {
  const { config } = await load({ HTTPS_PROXY: "http://trap.example:1", ALL_PROXY: "http://trap.example:1" });
  expect(config.outbound.proxy).toBeUndefined();
});

test.each([
  ["http://proxy.example.com:3128", { scheme: "http", host: "proxy.example.com", port: 3128 }],
  ["http://proxy.example.com", { scheme: "http", host: "proxy.example.com", port: 80 }],
  ["https://proxy.example.com", { scheme: "https", host: "proxy.example.com", port: 443 }],
  ["http://10.0.0.7:8080/", { scheme: "http", host: "10.0.0.7", port: 8080 }],
  ["http://[fd00::7]:8080", { scheme: "http", host: "fd00::7", port: 8080 }],
] as const)("%s is a proxy", async (written, proxy) => {
  const { config } = await load({ [PROXY]: written });
  expect(config.outbound.proxy).toEqual({ ...proxy, user: undefined, bypass: [] });
});

test.each([
  ["http://hatch:s3cret@proxy.example.com:3128"],
  ["socks5://proxy.example.com:1080"],
  ["proxy.example.com:3128"],
  ["http://proxy.example.com:3128/path"],
  ["http://"],
])("%s is none", async (written) => {
  const refusal = await refusalOf({ [PROXY]: written });
  expect(refusal).toContain("outbound.proxy");
  expect(refusal).not.toContain("s3cret");
});

test("its password goes its own way, is read from a file, and is shown to nobody", async () => {
  writeFileSync(join(directory, "password"), "pa55 wörd\n");
  const loaded = await load({
    [PROXY]: "http://proxy.example.com:3128",
    [`${PROXY}_USER`]: "hatch",
    [`${PROXY}_PASSWORD_FILE`]: "password",
    [`${PROXY}_BYPASS`]: "*.inside.example.com,10.0.0.0/8,mail.example.com",
  });
  expect(loaded.proxyPassword).toBe("pa55 wörd");
  expect(loaded.config.outbound.proxy).toMatchObject({
    user: "hatch",
    bypass: ["*.inside.example.com", "10.0.0.0/8", "mail.example.com"],
  });
  expect(JSON.stringify([loaded.config, loaded.explained])).not.toContain("pa55");
});

test("what belongs to it makes no sense without it, nor a user without a password", async () => {
  expect(await refusalOf({ [`${PROXY}_USER`]: "hatch" })).toContain("outbound.proxy: expected the egress proxy");
  expect(await refusalOf({ [PROXY]: "http://p.example.com", [`${PROXY}_USER`]: "hatch" })).toContain(
    "outbound.proxyPassword",
  );
  expect(await refusalOf({ [PROXY]: "http://p.example.com", [`${PROXY}_PASSWORD`]: "x" })).toContain(
    "outbound.proxyUser",
  );
  const colon = { [PROXY]: "http://p.example.com", [`${PROXY}_USER`]: "a:b", [`${PROXY}_PASSWORD`]: "x" };
  expect(await refusalOf(colon)).toContain("without a colon");
});

test("hosts are names, or all below a name", async () => {
  const { config } = await load({
    HATCH_OUTBOUND_ALLOW_HOSTS: "hooks.example.com,*.partner.example,10.1.2.3",
    HATCH_OUTBOUND_DENY_HOSTS: "evil.partner.example",
  });
  expect(config.outbound).toMatchObject({
    allowHosts: ["hooks.example.com", "*.partner.example", "10.1.2.3"],
    denyHosts: ["evil.partner.example"],
  });
  for (const wrong of [
    "https://x.example",
    "*",
    "a.*.example",
    "x.example:443",
    "x.example/path",
    "-",
    "*.10.0.0.0/8",
  ]) {
    expect(await refusalOf({ HATCH_OUTBOUND_ALLOW_HOSTS: wrong })).toContain("outbound.allowHosts");
  }
});
