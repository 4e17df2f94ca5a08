import { expect, test } from "bun:test";
import { type ConfigSources, loadConfig } from "./load-config.ts";

const load = (environment: Record<string, string>) =>
  loadConfig({
    flags: { data: undefined, config: undefined, allowCode: true, settings: {} },
    environment: { HATCH_DATA: "/nowhere/at/all", ...environment },
    workingDirectory: "/",
  } satisfies ConfigSources);

const FILES = { HATCH_TLS_CERT_FILE: "/etc/ssl/hatch.pem", HATCH_TLS_KEY_FILE: "/etc/ssl/hatch.key" };
const HTTPS = { HATCH_SERVER_PUBLIC_URL: "https://hatch.example.com" };

const problemsOf = async (environment: Record<string, string>): Promise<string> => {
  try {
    await load(environment);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

test("there is no TLS of our own where no certificate is set, and no listener for operators", async () => {
  const { config } = await load({});
  expect([config.tls, config.adminListener]).toEqual([undefined, undefined]);
  expect(Object.keys(config.server)).toEqual(["host", "port", "publicUrl"]);
});

test("a certificate, its key and an https address make it whole", async () => {
  const { config } = await load({ ...FILES, ...HTTPS });
  expect(config.tls).toEqual({ certFile: "/etc/ssl/hatch.pem", keyFile: "/etc/ssl/hatch.key", minVersion: "1.2" });
  expect((await load({ ...FILES, ...HTTPS, HATCH_TLS_MIN_VERSION: "1.3" })).config.tls?.minVersion).toBe("1.3");
});

test("half of it stops the start and says what is missing", async () => {
  expect(await problemsOf({ HATCH_TLS_CERT_FILE: "x", ...HTTPS })).toStartWith("tls.keyFile: expected its private key");
  expect(await problemsOf({ HATCH_TLS_KEY_FILE: "x", ...HTTPS })).toStartWith("tls.certFile: expected the certificate");
  expect(await problemsOf(FILES)).toBe("server.publicUrl: expected an https address, because tls.certFile is set");
  expect(await problemsOf({ ...FILES, HATCH_SERVER_PUBLIC_URL: "http://hatch.example.com" })).toContain("publicUrl");
  expect(await problemsOf({ ...FILES, ...HTTPS, HATCH_TLS_MIN_VERSION: "1.1" })).toContain("one of 1.2, 1.3");
});

test("the operator's listener is on loopback unless something else is said", async () => {
  expect((await load({ HATCH_SERVER_ADMIN_PORT: "4283" })).config.adminListener).toEqual({
    host: "127.0.0.1",
    port: 4283,
  });
  const elsewhere = { HATCH_SERVER_ADMIN_PORT: "0", HATCH_SERVER_ADMIN_HOST: "10.0.0.5" };
  expect((await load(elsewhere)).config.adminListener).toEqual({ host: "10.0.0.5", port: 0 });
  expect((await load({ HATCH_SERVER_ADMIN_HOST: "10.0.0.5" })).config.adminListener).toBeUndefined();
});
