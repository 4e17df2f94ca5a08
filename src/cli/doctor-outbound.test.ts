import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Certificates, createCertificates } from "../../tests/support/certificates.ts";
import { PROXY_LOGIN, startConnectProxy, withLogin } from "../../tests/support/connect-proxy.ts";
import { systemClock } from "../kernel/clock.ts";
import { examineOutbound } from "./doctor-outbound.ts";

let certificates: Certificates;
beforeAll(() => {
  certificates = createCertificates();
});
afterAll(() => certificates.remove());
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const NONE = { caFile: undefined };
const proxyAt = (port: number) =>
  ({ scheme: "http", host: "127.0.0.1", port, user: PROXY_LOGIN.user, bypass: [] }) as const;

test("where there is nothing to the way out, nothing is said of it", async () => {
  expect(await examineOutbound(systemClock, NONE, undefined)).toEqual([]);
});

test("a proxy that refuses to lead nowhere answers; one that is away, or does not take the password, is a fault", async () => {
  const proxy = await startConnectProxy(withLogin(() => ({ say: "HTTP/1.1 503 No such host\r\n\r\n", then: "end" })));
  closing.push(() => proxy.close());
  const settings = { ...NONE, proxy: proxyAt(proxy.port) };
  const check = "egress proxy";
  expect(await examineOutbound(systemClock, settings, PROXY_LOGIN.password)).toEqual([
    { check, ok: true, message: `It answers at 127.0.0.1:${proxy.port}.` },
  ]);
  expect(proxy.destinations).toEqual(["hatch.invalid:443"]);
  expect(await examineOutbound(systemClock, settings, "wrong")).toEqual([
    { check, ok: false, message: "The egress proxy does not accept outbound.proxyUser and its password (407)." },
  ]);
  await proxy.shut();
  expect(await examineOutbound(systemClock, settings, PROXY_LOGIN.password)).toEqual([
    { check, ok: false, message: "The egress proxy can't be reached: the connection was refused." },
  ]);
});

test("authorities of one's own that can't be read, or end soon, are faults", async () => {
  const [soon] = await examineOutbound(systemClock, { caFile: certificates.caFile }, undefined);
  expect(soon).toMatchObject({ ok: false, message: expect.stringContaining("CN=Hatch test authority (") });
  const good = join(certificates.directory, "good.pem");
  writeFileSync(good, certificates.issue("x", "now", "any", 400).cert);
  expect(await examineOutbound(systemClock, { caFile: good }, undefined)).toMatchObject([{ ok: true }]);
  expect(await examineOutbound(systemClock, { caFile: "/nowhere/ca.pem" }, undefined)).toMatchObject([
    { ok: false, message: expect.stringContaining("outbound.caFile") },
  ]);
});
