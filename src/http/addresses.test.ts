import { describe, expect, test } from "bun:test";
import { createAddressFinder, isLocal, limitKeyOf, networkMatcher } from "./addresses.ts";

test("networks match what lies in them, mapped spellings included, and nothing else", () => {
  const matches = networkMatcher(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
  for (const address of ["10.0.0.1", "10.255.255.255", "::ffff:10.1.2.3", "192.0.2.7", "2001:db8:ffff::1"]) {
    expect([address, matches(address)]).toEqual([address, true]);
  }
  for (const address of ["11.0.0.1", "192.0.2.8", "::ffff:11.0.0.1", "2001:db9::1", "10.1", "0x0a000001", "", "x"]) {
    expect([address, matches(address)]).toEqual([address, false]);
  }
  expect(networkMatcher([])("127.0.0.1")).toBe(false);
});

describe("the caller's address", () => {
  const find = createAddressFinder(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);
  const forwarded = (value: string) => new Headers({ "x-forwarded-for": value });

  test("is the peer's own where it is no proxy of ours, whatever it claims", () => {
    expect(find("203.0.113.5", forwarded("1.1.1.1"))).toBe("203.0.113.5");
    expect(find("::ffff:203.0.113.5", new Headers())).toBe("203.0.113.5");
    expect(find(undefined, forwarded("1.1.1.1"))).toBeUndefined();
  });

  test.each([
    ["203.0.113.5", "203.0.113.5"],
    ["6.6.6.6, 203.0.113.5", "203.0.113.5"],
    ["6.6.6.6, 203.0.113.5, 10.2.2.2", "203.0.113.5"],
    ["10.3.3.3, 10.2.2.2", "10.3.3.3"],
    ["2001:0db8:0:0::1", "2001:db8::1"],
    ["6.6.6.6, unknown", "10.1.1.1"],
    ["6.6.6.6, ", "10.1.1.1"],
    ["", "10.1.1.1"],
  ])("behind a proxy that said %p it is %s", (header, address) => {
    expect(find("10.1.1.1", forwarded(header))).toBe(address);
  });
});

test("local is who comes from this machine, by its own name and through no proxy", () => {
  for (const host of ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:1"]) {
    expect([host, isLocal("127.0.0.1", new Headers({ host }))]).toEqual([host, true]);
  }
  expect(isLocal("::1", new Headers({ host: "localhost" }))).toBe(true);
  expect(isLocal("192.168.0.2", new Headers({ host: "localhost" }))).toBe(false);
  expect(isLocal(undefined, new Headers({ host: "localhost" }))).toBe(false);
  expect(isLocal("127.0.0.1", new Headers({ host: "hatch.example.com" }))).toBe(false);
  for (const name of ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"]) {
    expect(isLocal("127.0.0.1", new Headers({ host: "localhost", [name]: "x" }))).toBe(false);
  }
});

test("limits count one IPv4 address, and the half of an IPv6 one that names the subscriber's network", () => {
  expect(limitKeyOf("203.0.113.5")).toBe("203.0.113.5");
  expect(limitKeyOf("2001:db8:1:2::1")).toBe(limitKeyOf("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  expect(limitKeyOf("2001:db8:1:2::1")).not.toBe(limitKeyOf("2001:db8:1:3::1"));
});
