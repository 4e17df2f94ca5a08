import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type TLSSocket } from "node:tls";
import { type Certificates, createCertificates, type Issued } from "../../../../tests/support/certificates.ts";
import { wire } from "../../../../tests/support/other-end.ts";
import { createTestWebhooks, type TestWebhooks, until } from "../../../../tests/support/webhooks.ts";
import { DAY } from "../../../kernel/units.ts";
import { examineWebhooks } from "../examine.ts";

let company: Certificates;
let hatch: TestWebhooks;
const closing: (() => void)[] = [];

beforeAll(() => {
  company = createCertificates();
});
afterAll(() => company.remove());
beforeEach(async () => {
  hatch = await createTestWebhooks();
  // Certificates are of the real time.
  hatch.context.clock.set(Date.now());
});
afterEach(async () => {
  await hatch.close();
  for (const close of closing.splice(0)) close();
});

const authority = (): string => readFileSync(company.caFile, "utf8");
const client = (days = 300): Issued => company.issue("client", "now", "clients", days);
const written = ({ cert, key }: Issued, more: object = {}) => ({ clientCertificate: cert, clientKey: key, ...more });
const base64url = (value: bigint): string => {
  const digits = value.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex").toString("base64url");
};
function inverse(value: bigint, modulus: bigint): bigint {
  let [r, next, s, step] = [modulus, value % modulus, 0n, 1n];
  while (next > 0n) [r, next, s, step] = [next, r % next, step, s - (r / next) * step];
  return ((s % modulus) + modulus) % modulus;
}

const fingerprint = ({ cert }: Issued): string => new X509Certificate(cert).fingerprint256;

/** A receiver of the company: it demands a certificate, and notes whose came. */
async function startDemanding() {
  const shown: string[] = [];
  const demands = { ca: authority(), requestCert: true, rejectUnauthorized: true };
  const server = createServer({ ...company.issue("127.0.0.1"), ...demands }, (socket: TLSSocket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => {
      if (!data.toString("latin1").startsWith("POST")) return;
      shown.push(socket.getPeerCertificate().fingerprint256);
      socket.write(wire("200 OK"));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  const address = server.address();
  return { shown, endpoint: `https://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/in` };
}

const ENDPOINT = "https://127.0.0.1:4433/in";
const make = (tls: unknown, fields: Record<string, unknown> = {}) =>
  hatch.call("POST", "/v1/webhooks", { body: { endpoint: ENDPOINT, events: ["points.earned"], tls, ...fields } });
const change = (id: string, tls: unknown) => hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { tls } });

describe("a client certificate", () => {
  test("is shown to the receiver by the subscription that has it, and by no other", async () => {
    const { endpoint, shown } = await startDemanding();
    const [ada, bob] = [client(), client()];
    const ids = [];
    for (const own of [ada, bob]) {
      const { status, body } = await make(written(own, { ca: authority() }), { endpoint });
      expect(status).toBe(201);
      ids.push(body.id);
    }
    const without = (await make({ ca: authority() }, { endpoint })).body.id;
    for (let round = 0; round < 3; round++) await hatch.announce();
    await until(async () => (await hatch.rows("SELECT 1 FROM deliveries WHERE status = 'delivered'")).length === 6);
    expect(shown.filter((print) => print === fingerprint(ada))).toHaveLength(3);
    expect(shown.filter((print) => print === fingerprint(bob))).toHaveLength(3);
    expect(shown).toHaveLength(6);
    const refused = await until(
      async () =>
        (
          await hatch.rows(`SELECT reason FROM deliveries WHERE subscription_id = '${without}' AND reason IS NOT NULL`)
        )[0],
    );
    expect(refused.reason).toContain("gets it by `tls` of the subscription");

    // A rotation is a change: the next request shows the other certificate.
    const renewed = client();
    expect((await change(ids[0], written(renewed))).status).toBe(200);
    shown.length = 0;
    await hatch.announce();
    await until(() => shown.length === 2);
    expect(new Set(shown)).toEqual(new Set([fingerprint(renewed), fingerprint(bob)]));
  });

  test("is told of by its names, fingerprint and end, never by its key", async () => {
    const own = client();
    const answer = await make(written(own, { ca: authority() }));
    expect(answer.status).toBe(201);
    const facts = new X509Certificate(own.cert);
    const shown = {
      clientCertificate: {
        subject: "CN=server",
        issuer: "CN=Hatch test authority",
        fingerprint: facts.fingerprint256,
        notBefore: facts.validFromDate.toISOString(),
        notAfter: facts.validToDate.toISOString(),
      },
      ca: [expect.objectContaining({ subject: "CN=Hatch test authority" })],
    };
    expect(answer.body.tls).toEqual(shown);
    expect(answer.body.warnings).toBeUndefined();
    const read = await hatch.call("GET", `/v1/webhooks/${answer.body.id}`);
    expect(read.body.tls).toEqual(shown);
    const listed = await hatch.call("GET", "/v1/webhooks");
    const secret = own.key.split("\n")[1] ?? "";
    const rows = JSON.stringify([
      await hatch.rows("SELECT * FROM subscriptions"),
      await hatch.rows("SELECT * FROM audit_entries"),
      await hatch.rows("SELECT * FROM idempotency_keys").catch(() => []),
    ]);
    for (const text of [answer.text, read.text, listed.text, rows]) {
      expect(text).not.toContain("PRIVATE KEY");
      expect(text).not.toContain(secret);
    }
    const [row] = await hatch.rows("SELECT tls_ends_at FROM subscriptions");
    expect(row?.tls_ends_at).toBe(facts.validToDate.getTime());
  });

  test("is renewed with its key or without, taken away by null, and left alone by other changes", async () => {
    const own = client();
    const { body } = await make(written(own, { ca: authority() }));
    const { id } = body;
    expect((await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { description: "x" } })).body.tls).toEqual(
      body.tls,
    );
    expect((await change(id, { clientCertificate: own.cert })).body.tls).toEqual(body.tls);
    expect((await change(id, { clientCertificate: client().cert })).body.error.details).toEqual([
      { path: "tls.clientKey", message: "Is not the key of this certificate." },
    ]);
    const withoutAuthority = await change(id, { ca: null });
    expect(withoutAuthority.body.tls).toEqual({ ...body.tls, ca: null });
    expect((await change(id, { ca: authority(), clientCertificate: null })).body.tls).toMatchObject({
      clientCertificate: null,
    });
    expect((await change(id, null)).body.tls).toBeNull();
    const [row] = await hatch.rows("SELECT tls, tls_sealed, tls_ends_at FROM subscriptions");
    expect(row).toEqual({ tls: null, tls_sealed: null, tls_ends_at: null });
    const audit = await hatch.rows("SELECT details FROM audit_entries WHERE action = 'webhook.changed'");
    expect(JSON.stringify(audit)).toContain(fingerprint(own));
  });

  test("that ends soon is warned of, counted, and named by the doctor", async () => {
    const { body } = await make(written(client(10)));
    expect(body.warnings).toEqual([expect.stringMatching(/^The client certificate ends on \d{4}-\d\d-\d\d\.$/)]);
    await make(written(client(300)));
    expect(await hatch.context.metrics.render()).toContain("hatch_webhook_client_certificates_ending 1\n");
    const examined = async () =>
      (await examineWebhooks(hatch.context, "boot_1")).find(({ check }) => check === "webhooks.clientCertificates");
    expect(await examined()).toMatchObject({ ok: false, message: expect.stringContaining(body.id) });
    await hatch.call("DELETE", `/v1/webhooks/${body.id}`);
    expect(await examined()).toMatchObject({ ok: true });
    hatch.context.clock.set(Date.now() + 290 * DAY);
    expect(await examined()).toMatchObject({ ok: false });
  });
});

describe("refused is", () => {
  const rsa = (bits: number) =>
    generateKeyPairSync("rsa", { modulusLength: bits }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  /** Of two primes that everybody knows: to find others of that size takes seconds. */
  const longRsa = () => {
    const [p, q, e] = [2n ** 2281n - 1n, 2n ** 2203n - 1n, 65_537n];
    const d = inverse(e, (p - 1n) * (q - 1n));
    const parts = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
    const key = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, base64url(value)]));
    const made = createPrivateKey({ format: "jwk", key: { kty: "RSA", ...key } });
    return made.export({ type: "pkcs8", format: "pem" }).toString();
  };
  const sealed = () =>
    generateKeyPairSync("ec", { namedCurve: "prime256v1" })
      .privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
      .toString();

  test("beginnings of certificates without an end are passed over", async () => {
    const answer = await make({ ca: "-----BEGIN CERTIFICATE-----\n".repeat(3_000) + authority() });
    expect(answer.status).toBe(201);
    expect(answer.body.tls.ca).toHaveLength(1);
  });

  const REFUSED: readonly (readonly [string, () => unknown, string, RegExp])[] = [
    ["a certificate without its key", () => ({ clientCertificate: client().cert }), "tls.clientKey", /Is required/],
    ["a key without its certificate", () => ({ clientKey: client().key }), "tls.clientCertificate", /Is required/],
    ["a key of another", () => written({ cert: client().cert, key: client().key }), "tls.clientKey", /not the key/],
    ["one that ended", () => written(company.issue("x", "past", "clients")), "tls.clientCertificate", /ended on/],
    [
      "one of the future",
      () => written(company.issue("x", "future", "clients")),
      "tls.clientCertificate",
      /not valid before/,
    ],
    ["no PEM", () => written({ ...client(), cert: "MIIB" }), "tls.clientCertificate", /no certificate as PEM/],
    [
      "broken PEM",
      () => written({ ...client(), cert: client().cert.replace("MII", "AAA") }),
      "tls.clientCertificate",
      /no certificate\.$/,
    ],
    [
      "a key in the certificate's place",
      () => written({ ...client(), cert: client().key }),
      "tls.clientCertificate",
      /private key/,
    ],
    [
      "a chain out of order",
      () => written({ ...client(), cert: authority() + client().cert }),
      "tls.clientCertificate",
      /out of order/,
    ],
    [
      "a chain of eleven",
      () => written({ ...client(), cert: client().cert.repeat(11) }),
      "tls.clientCertificate",
      /at most 10/,
    ],
    [
      "a certificate in the key's place",
      () => written({ ...client(), key: client().cert }),
      "tls.clientKey",
      /no private key/,
    ],
    ["a key with a passphrase", () => written({ ...client(), key: sealed() }), "tls.clientKey", /passphrase/],
    ["a weak key", () => written({ ...client(), key: rsa(1_024) }), "tls.clientKey", /2048 to 4096 bits/],
    ["a key that takes long to sign with", () => written({ ...client(), key: longRsa() }), "tls.clientKey", /4096/],
    ["an authority that is none", () => ({ ca: client().cert }), "tls.ca", /not the certificate of an authority/],
    [
      "a self-signed server as authority",
      () => ({ ca: company.selfSigned("x").cert }),
      "tls.ca",
      /not the certificate of an authority/,
    ],
    ["twenty-one authorities", () => ({ ca: authority().repeat(21) }), "tls.ca", /at most 20/],
    ["an endless text", () => ({ ca: "x".repeat(200_000) }), "tls.ca", /./],
    ["something else", () => ({ passphrase: "x" }), "tls.passphrase", /./],
  ];
  test.each(REFUSED)("%s", async (_, tls, path, message) => {
    const answer = await make(tls());
    expect(answer.status).toBe(422);
    expect(answer.body.error.details).toEqual(
      expect.arrayContaining([{ path, message: expect.stringMatching(message) }]),
    );
    expect(answer.text).not.toContain("BEGIN");
    expect(await hatch.rows("SELECT 1 FROM subscriptions")).toEqual([]);
  });

  test("TLS to nobody: of a pull subscription", async () => {
    const answer = await make({ ca: authority() }, { mode: "pull", endpoint: undefined });
    expect(answer.body.error.details).toEqual([{ path: "tls", message: "A pull subscription has no endpoint." }]);
  });

  test("what another workspace has: it is not even there", async () => {
    const { id } = (await make(written(client()))).body;
    const other = hatch.server.keyFor({
      ...hatch.principal,
      environmentId: hatch.workspace.principal("test").environmentId,
    });
    const answer = await hatch.call("PATCH", `/v1/webhooks/${id}`, { key: other, body: { tls: null } });
    expect(answer.status).toBe(404);
  });
});

test("for a plain endpoint it is taken with a warning", async () => {
  const { body } = await make(written(client()), { endpoint: "http://127.0.0.1:8080/" });
  expect(body.warnings).toEqual(["`tls` is of no use to an http endpoint."]);
});
