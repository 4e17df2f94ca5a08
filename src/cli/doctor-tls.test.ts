import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Certificates, createCertificates, type Issued } from "../../tests/support/certificates.ts";
import { systemClock } from "../kernel/clock.ts";
import { addMs, DAY } from "../kernel/units.ts";
import { examineTls } from "./doctor-tls.ts";

let certificates: Certificates;
beforeAll(() => {
  certificates = createCertificates();
});
afterAll(() => certificates.remove());

function put({ cert, key }: Issued) {
  const certFile = join(certificates.directory, "server.pem");
  const keyFile = join(certificates.directory, "server.key");
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  chmodSync(keyFile, 0o600);
  return { certFile, keyFile, minVersion: "1.2" as const };
}

const now = systemClock.now();
const told = (tls: Parameters<typeof examineTls>[0], at = now) =>
  examineTls(tls, at).map(({ check, ok, message }) => `${ok ? "ok" : "fault"} ${check}: ${message}`);

test("where TLS is a proxy's there is nothing to tell", () => {
  expect(told(undefined)).toEqual([]);
});

test("a certificate that ends soon, has ended or has not begun is a fault", () => {
  // Those of the tests are good for a day.
  const tls = put(certificates.issue("localhost"));
  expect(told(tls, addMs(now, -6.5 * DAY))[0]).toStartWith("fault TLS certificate: It is not valid before ");
  expect(told(tls)[0]).toMatch(/^fault TLS certificate: It ends on \d{4}-\d\d-\d\d\. Renew it/);
  expect(told(tls, addMs(now, 2 * DAY))[0]).toMatch(/^fault TLS certificate: It ended on/);
});

test("files that can't be used are told by name", () => {
  const tls = put({ ...certificates.issue("localhost"), key: certificates.issue("localhost").key });
  expect(told(tls)[0]).toBe("fault TLS certificate: tls.keyFile is not the key of the certificate in tls.certFile.");
  rmSync(tls.keyFile);
  expect(told(tls)).toEqual([
    "fault TLS certificate: tls.keyFile can't be read.",
    "ok TLS key: Not everybody may read it.",
  ]);
});

test("a key that every user may read is a fault; one for a group is not", () => {
  const tls = put(certificates.issue("localhost"));
  expect(told(tls)[1]).toBe("ok TLS key: Not everybody may read it.");
  chmodSync(tls.keyFile, 0o640);
  expect(told(tls)[1]).toStartWith("ok");
  chmodSync(tls.keyFile, 0o644);
  expect(told(tls)[1]).toBe(
    `fault TLS key: Every user of this machine may read ${tls.keyFile} (644). Run: chmod o= ${tls.keyFile}`,
  );
});
