import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { Elysia } from "elysia";
import { type Certificates, createCertificates, type Issued } from "../../tests/support/certificates.ts";
import { settle } from "../../tests/support/clock.ts";
import { createTestContext, TEST_CONFIG, type TestContext } from "../../tests/support/context.ts";
import { createTestServer, type TestServer } from "../../tests/support/http.ts";
import type { TlsSettings } from "../config/tls.ts";
import type { AppError } from "../kernel/errors.ts";
import { DAY, MINUTE } from "../kernel/units.ts";
import type { ServerOptions } from "./server.ts";

let certificates: Certificates;
let context: TestContext;
let server: TestServer;
let release: () => void;
/** A request for `/slow` has come in. */
let entered: Promise<void>;
let enter: () => void;
let certFile: string;
let keyFile: string;

const put = ({ cert, key }: Issued): void => {
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
};
const serialOf = (cert: string): string => new X509Certificate(cert).serialNumber;

async function prepare(minVersion: TlsSettings["minVersion"] = "1.2"): Promise<void> {
  const config = {
    ...TEST_CONFIG,
    http: { ...TEST_CONFIG.http, allowedHosts: ["a", "abc", "hatch"] },
    server: { ...TEST_CONFIG.server, publicUrl: "https://localhost" },
    tls: { certFile, keyFile, minVersion },
  };
  await context?.close();
  context = await createTestContext({ config });
  await context.clock.advance(Date.now() - context.clock.now());
  const { promise, resolve } = Promise.withResolvers<void>();
  release = resolve;
  const entering = Promise.withResolvers<void>();
  enter = entering.resolve;
  entered = entering.promise;
  const routes: NonNullable<ServerOptions["features"][number]["routes"]> = (guard) =>
    new Elysia({ name: "things" })
      .use(guard)
      .get("/open", () => ({ ok: true }), { access: "public" })
      .get(
        "/slow",
        () => {
          enter();
          return promise.then(() => ({ slow: true }));
        },
        { access: "public" },
      );
  server = createTestServer(context, [{ routes }]);
}

beforeEach(async () => {
  certificates = createCertificates();
  certFile = join(certificates.directory, "server.pem");
  keyFile = join(certificates.directory, "server.key");
  put(certificates.issue("localhost"));
  await prepare();
});
afterEach(async () => {
  release();
  await server.stop(AbortSignal.timeout(1_000));
  await context.close();
  context = undefined as never;
  certificates.remove();
});

const ask = (url: string, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}${path}`, {
    headers,
    keepalive: false,
    tls: { ca: readFileSync(certificates.caFile, "utf8"), checkServerIdentity: () => undefined },
  } as RequestInit);

/** The certificate that a new connection is shown; the error's code where there is none. */
function shownBy(url: string, options: object = {}): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(
    { host: "127.0.0.1", port: Number(new URL(url).port), rejectUnauthorized: false, ...options },
    () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    },
  );
  socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  return promise;
}

const errors = (): string[] => context.logged.filter((line) => line.includes('"level":"error"'));
const refusal = (): AppError => {
  try {
    server.listen();
  } catch (error) {
    return error as AppError;
  }
  throw new Error("it listens");
};

describe("a server with a certificate of its own", () => {
  test("answers by https, to those who check it, and says so where it listens", async () => {
    const url = server.listen();
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const answer = await ask(url, "/open");
    expect([answer.status, await answer.json()]).toEqual([200, { ok: true }]);
    expect(answer.headers.get("strict-transport-security")).toBe("max-age=31536000");
    await expect(fetch(url.replace("https", "http"))).rejects.toThrow();
  });

  test("finds the same path behind every host that it answers to", async () => {
    const url = server.listen();
    const statusOf = async (host: string, path: string) => (await ask(url, path, { host })).status;
    for (const host of ["hatch", "localhost", "127.0.0.1", "[::1]", "hatch:1", "abc:1"]) {
      expect([host, await statusOf(host, "/open"), await statusOf(host, "/open/open")]).toEqual([host, 200, 404]);
    }
    // Too short for the router: refused before it could take the one path for the other.
    for (const host of ["a", "abc"]) expect([host, await statusOf(host, "/x/open")]).toEqual([host, 403]);
  });

  test("speaks no TLS before 1.2, and none before 1.3 where that is asked for", async () => {
    const url = server.listen();
    expect(await shownBy(url, { maxVersion: "TLSv1.2" })).toBe(serialOf(readFileSync(certFile, "utf8")));
    expect(await shownBy(url, { minVersion: "TLSv1", maxVersion: "TLSv1.1" })).toContain("PROTOCOL_VERSION");
    await server.stop(AbortSignal.timeout(1_000));
    await prepare("1.3");
    const stricter = server.listen();
    expect(await shownBy(stricter, { maxVersion: "TLSv1.2" })).toContain("PROTOCOL_VERSION");
    expect(await shownBy(stricter)).toBe(serialOf(readFileSync(certFile, "utf8")));
  });

  test("tells when it ends, for whoever watches", async () => {
    server.listen();
    const { validToDate } = new X509Certificate(readFileSync(certFile));
    expect(await context.metrics.render()).toContain(
      `hatch_tls_certificate_expires_timestamp_seconds ${validToDate.getTime() / 1_000}`,
    );
  });

  test("does not start without one that can be used, and says which file is wrong", () => {
    const pair = certificates.issue("localhost");
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const locked = privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" });
    const cases: readonly (readonly [Issued, string])[] = [
      [{ ...pair, key: certificates.issue("localhost").key }, "tls.keyFile is not the key of the certificate"],
      [{ ...pair, key: String(locked) }, "tls.keyFile has a passphrase"],
      [{ ...pair, key: "hello" }, "tls.keyFile holds no private key"],
      [{ ...pair, cert: "hello" }, "tls.certFile holds no certificate"],
    ];
    for (const [issued, why] of cases) {
      put(issued);
      expect(refusal().message).toContain(why);
      expect(refusal().details[0]?.message).not.toContain("BEGIN");
    }
    rmSync(keyFile);
    expect(refusal().message).toBe("tls.keyFile can't be read.");
    expect(refusal().hint).toContain("tls.certFile");
  });

  test("starts with one that has ended, loudly: nobody is helped by a server that is not there", async () => {
    put(certificates.issue("localhost", "past"));
    const url = server.listen();
    expect(await shownBy(url)).toBe(serialOf(readFileSync(certFile, "utf8")));
    expect(errors()).toHaveLength(1);
    expect(errors()[0]).toContain("the TLS certificate ended on");
  });
});

describe("a certificate that is renewed", () => {
  test("is shown to every new connection within a minute; what is under way goes on", async () => {
    const url = server.listen();
    const slow = ask(url, "/slow");
    await settle();
    const next = certificates.issue("localhost");
    put(next);
    await context.clock.advance(MINUTE - 1);
    expect(await shownBy(url)).not.toBe(serialOf(next.cert));
    await context.clock.advance(1);
    expect(await shownBy(url)).toBe(serialOf(next.cert));
    expect(context.logged.filter((line) => line.includes("the TLS certificate was renewed"))).toHaveLength(1);
    release();
    expect(await (await slow).json()).toEqual({ slow: true });
    expect(errors()).toEqual([]);
  });

  test("is shown at once where somebody says so, ten times over", async () => {
    const url = server.listen();
    for (let time = 0; time < 10; time++) {
      const next = certificates.issue("localhost");
      put(next);
      server.renewCertificate();
      expect(await shownBy(url)).toBe(serialOf(next.cert));
      expect((await ask(url, "/open")).status).toBe(200);
    }
  });

  test("and can't be used changes nothing, is told once, and is taken when it was mended", async () => {
    const url = server.listen();
    const first = await shownBy(url);
    const next = certificates.issue("localhost");
    // Half-way through a replacement, as a look may find it.
    writeFileSync(certFile, next.cert);
    for (let minute = 0; minute < 3; minute++) await context.clock.advance(MINUTE);
    expect(await shownBy(url)).toBe(first);
    expect(errors()).toHaveLength(1);
    expect(errors()[0]).toContain("tls.keyFile is not the key of the certificate in tls.certFile.");
    put(certificates.issue("localhost", "past"));
    await context.clock.advance(MINUTE);
    expect(errors()).toHaveLength(2);
    expect(errors()[1]).toContain("The certificate ended on");
    rmSync(certFile);
    await context.clock.advance(MINUTE);
    expect([await shownBy(url), errors().length]).toEqual([first, 3]);
    put(next);
    await context.clock.advance(MINUTE);
    expect(await shownBy(url)).toBe(serialOf(next.cert));
    expect(errors().join("")).not.toContain("PRIVATE KEY");
  });

  test("is looked for no more once the server has stopped", async () => {
    server.listen();
    await server.stop(AbortSignal.timeout(1_000));
    put({ cert: "gone", key: "gone" });
    await context.clock.advance(DAY);
    server.renewCertificate();
    await settle();
    expect(context.logged.filter((line) => line.includes("TLS files were changed")).length).toBeLessThanOrEqual(1);
  });

  test("cuts what is under way at the deadline of the stop, whichever certificate it began with", async () => {
    const url = server.listen();
    const slow = ask(url, "/slow").then(
      () => "answered",
      () => "cut",
    );
    await entered;
    put(certificates.issue("localhost"));
    server.renewCertificate();
    await server.stop(AbortSignal.timeout(20));
    expect(await slow).toBe("cut");
  });
});
