import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../kernel/errors.ts";
import { parsePostgresAddress, type TlsMode } from "./postgres-address.ts";

const SECRET = "s3cr3t-w0rd";

describe("the database's URL", () => {
  test("gives host, port, user, password and database by name", () => {
    const { settings, shown } = parsePostgresAddress({
      url: `postgresql://us%40er:p%2Fa%25ss@db.example.com:6432/my%20hatch?sslmode=require`,
    });
    expect(settings).toEqual({
      adapter: "postgres",
      hostname: "db.example.com",
      port: 6_432,
      username: "us@er",
      password: "p/a%ss",
      database: "my hatch",
      tls: "require",
    });
    expect(shown).toBe("my hatch on db.example.com:6432");
  });

  test("has its defaults: the usual port, the user's database, an empty password", () => {
    const { settings } = parsePostgresAddress({ url: "postgres://hatch@localhost" });
    expect(settings).toMatchObject({ port: 5_432, database: "hatch", password: "", hostname: "localhost" });
  });

  test("may name an address of version 6, or the folder of a socket", () => {
    expect(parsePostgresAddress({ url: "postgres://hatch@[2001:db8::1]/x" }).settings.hostname).toBe("2001:db8::1");
    const { settings, shown } = parsePostgresAddress({ url: "postgres://hatch@localhost/x?host=/run/postgresql" });
    expect(settings).toMatchObject({ hostname: "/run/postgresql", tls: "disable" });
    expect(shown).toBe("x on /run/postgresql");
  });

  test("the certificate is checked unless the server is on this machine or somebody says otherwise", () => {
    const checked = { rejectUnauthorized: true };
    const tlsOf = (url: string, tls?: TlsMode) => parsePostgresAddress(tls ? { url, tls } : { url }).settings.tls;
    expect(tlsOf("postgres://hatch@db.example.com/x")).toEqual(checked);
    expect(tlsOf("postgres://hatch@10.0.0.5/x")).toEqual(checked);
    expect(tlsOf("postgres://hatch@localhost.example.com/x")).toEqual(checked);
    for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"]) {
      expect(tlsOf(`postgres://hatch@${host}/x`)).toBe("prefer");
    }
    expect(tlsOf("postgres://hatch@db/x?sslmode=disable")).toBe("disable");
    expect(tlsOf("postgres://hatch@db/x?sslmode=disable", "verify-full")).toEqual(checked);
    expect(tlsOf("postgres://hatch@localhost/x?sslmode=verify-full")).toEqual(checked);
  });

  test("an authority of one's own is read from its file", () => {
    const folder = mkdtempSync(join(tmpdir(), "hatch-ca-"));
    const file = join(folder, "ca.pem");
    writeFileSync(file, "PEM");
    const url = `postgres://hatch@db/x?sslrootcert=${encodeURIComponent(file)}`;
    expect(parsePostgresAddress({ url }).settings.tls).toEqual({ ca: "PEM", rejectUnauthorized: true });
    expect(parsePostgresAddress({ url, tls: "verify-ca" }).settings.tls).toMatchObject({ ca: "PEM" });
    rmSync(folder, { recursive: true });
    expect(() => parsePostgresAddress({ url })).toThrow("ENOENT");
  });

  test.each([
    ["", "is not a URL"],
    [`${SECRET}`, "is not a URL"],
    [`mysql://hatch:${SECRET}@db/x`, "does not begin with postgres://"],
    [`postgres://:${SECRET}@db/x`, "names no user"],
    [`postgres://hatch:${SECRET}@/x`, "is not a URL"],
    [`postgres://hatch:${SECRET}@db:port/x`, "is not a URL"],
    [`postgres://hatch:${SECRET}%zz@db/x`, "has a % that stands for nothing"],
    [`postgres://hatch:${SECRET}@db/x?sslmode=${SECRET}`, "has an sslmode that is none of"],
    [`postgres://hatch:${SECRET}@db/x?sslmode=allow`, "has an sslmode that is none of"],
    [`postgres://hatch:${SECRET}@db/x?options=-c%20x=y`, "has a parameter that is not known: options"],
    [`postgres://hatch:${SECRET}@db/x?host=other`, "has a host= that is no folder of a socket"],
  ])("%p is refused without being quoted", (url, problem) => {
    let refusal: unknown;
    try {
      parsePostgresAddress({ url });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(AppError);
    const { message, hint, code } = refusal as AppError;
    expect([code, message]).toEqual(["validation_failed", expect.stringContaining(problem)]);
    expect(`${message}${hint}`).not.toContain(SECRET);
  });
});
