import { describe, expect, test } from "bun:test";
import { judgeAddress } from "./addresses.ts";

const policy = (...allowNetworks: string[]) => ({ allowNetworks, allowLoopback: false });
const judge = (address: string, ...allowNetworks: string[]) => judgeAddress(address, policy(...allowNetworks)).kind;

describe("an address", () => {
  test.each([
    "8.8.8.8",
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2600:1f18::1",
  ])("%s is public", (address) => {
    expect(judge(address)).toBe("public");
  });

  test.each([
    ["0.0.0.0", "unspecified"],
    ["10.0.0.0", "private"],
    ["10.255.255.255", "private"],
    ["100.64.0.0", "carrier-grade"],
    ["100.127.255.255", "carrier-grade"],
    ["127.0.0.1", "loopback"],
    ["168.63.129.16", "reserved"],
    ["169.254.169.254", "link-local"],
    ["172.16.0.0", "private"],
    ["172.31.255.255", "private"],
    ["192.0.0.192", "reserved"],
    ["192.0.2.1", "reserved"],
    ["192.88.99.1", "reserved"],
    ["192.168.255.255", "private"],
    ["198.18.0.0", "reserved"],
    ["198.19.255.255", "reserved"],
    ["198.51.100.7", "reserved"],
    ["203.0.113.1", "reserved"],
    ["224.0.0.1", "multicast"],
    ["239.255.255.255", "multicast"],
    ["240.0.0.1", "reserved"],
    ["255.255.255.255", "broadcast"],
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["::127.0.0.1", "IPv4 address"],
    ["::7f00:1", "reserved"],
    ["::ffff:127.0.0.1", "IPv4 address"],
    ["::ffff:8.8.8.8", "IPv4 address"],
    ["::ffff:0:10.0.0.1", "IPv4 address"],
    ["64:ff9b::8.8.8.8", "IPv4 address"],
    ["64:ff9b:1::1", "IPv4 address"],
    ["100::1", "reserved"],
    ["2001::1", "IPv4 address"],
    ["2001:2::1", "reserved"],
    ["2001:10::1", "reserved"],
    ["2001:20::1", "reserved"],
    ["2001:db8::1", "reserved"],
    ["2002:808:808::1", "IPv4 address"],
    ["2600::5efe:8.8.8.8", "reserved"],
    ["3fff::1", "reserved"],
    ["4000::1", "reserved"],
    ["5f00::1", "reserved"],
    ["fc00::1", "private"],
    ["fd00:ec2::254", "private"],
    ["fe80::1", "link-local"],
    ["fec0::1", "site-local"],
    ["ff02::1", "multicast"],
    ["fe80::1%eth0", "one meaning"],
    ["::1%lo", "one meaning"],
    ["localhost", "one meaning"],
    ["127.1", "one meaning"],
    ["017.0.0.1", "one meaning"],
    ["134744072", "one meaning"],
    ["0x8.8.8.8", "one meaning"],
    ["", "one meaning"],
  ])("%s is refused as %s", (address, what) => {
    const verdict = judgeAddress(address, policy());
    expect(verdict).toMatchObject({ kind: "refused", what: expect.stringContaining(what) });
  });
});

describe("a network that the operator lists", () => {
  test("allows what lies inside it and nothing beside it", () => {
    expect(judge("10.1.2.3", "10.0.0.0/8")).toBe("listed");
    expect(judge("11.1.2.3", "10.0.0.0/8")).toBe("public");
    expect(judge("192.168.0.1", "10.0.0.0/8")).toBe("refused");
    expect(judge("fd12::1", "fd12::/16")).toBe("listed");
    expect(judge("fd13::1", "fd12::/16")).toBe("refused");
    expect(judge("10.0.0.5", "10.0.0.5")).toBe("listed");
    expect(judge("10.0.0.6", "10.0.0.5")).toBe("refused");
    expect(judge("10.0.0.5", " 10.0.0.0/24 ")).toBe("listed");
  });

  test("allows nothing where it can't be read", () => {
    for (const nonsense of ["", "10", "10.0.0.0/33", "10.0.0.0/-1", "*", "localhost", "10/8"]) {
      expect(judge("10.0.0.1", nonsense)).toBe("refused");
    }
  });

  test("holds for an IPv4 address inside an IPv6 one by what is carried", () => {
    expect(judge("::ffff:10.0.0.1", "10.0.0.0/8")).toBe("listed");
    expect(judge("::ffff:192.168.0.1", "10.0.0.0/8")).toBe("refused");
    expect(judge("::ffff:192.168.0.1", "::/0")).toBe("refused");
    expect(judge("::ffff:8.8.8.8", "::ffff:0:0/96")).toBe("listed");
  });

  test.each([
    ["NAT64", "64:ff9b::/96", "64:ff9b::8.8.8.8", "64:ff9b::10.0.0.1"],
    ["a local NAT64 of /96", "64:ff9b:1::/48", "64:ff9b:1:fffe::8.8.8.8", "64:ff9b:1:fffe::10.0.0.1"],
    ["a local NAT64 of /48", "64:ff9b:1::/48", "64:ff9b:1:808:8:800::", "64:ff9b:1:a00:0:100::"],
    ["a local NAT64 of /64", "64:ff9b:1::/48", "64:ff9b:1:0:8:808:800:0", "64:ff9b:1:0:a:0:500:0"],
    ["6to4", "2002::/16", "2002:808:808::1", "2002:a00:1::1"],
    ["Teredo", "2001::/32", "2001:0:808:808:0:0:f7f7:f7f7", "2001:0:808:808:0:0:f5ff:fffe"],
    ["SIIT", "::ffff:0:0:0/96", "::ffff:0:8.8.8.8", "::ffff:0:10.0.0.1"],
    ["the IPv4-compatible form", "::/96", "::808:808", "::a00:1"],
    ["ISATAP", "2600::/16", "2600::5efe:8.8.8.8", "2600::5efe:10.0.0.1"],
  ])("opens %s, but not to what is forbidden by itself", (_, network, toPublic, toPrivate) => {
    expect(judge(toPublic)).toBe("refused");
    expect(judge(toPublic, network)).toBe("listed");
    expect(judge(toPrivate, network)).toBe("refused");
    expect(judge(toPrivate, network, "10.0.0.0/8")).toBe("listed");
  });

  test("does not allow loopback unless it is loopback that is listed", () => {
    expect(judge("127.0.0.1", "10.0.0.0/8")).toBe("refused");
    expect(judge("127.0.0.1", "127.0.0.0/8")).toBe("listed");
  });
});

test("loopback that is allowed is allowed in each of its forms, and opens nothing else", () => {
  const open = { allowNetworks: [], allowLoopback: true };
  for (const address of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
    expect(judgeAddress(address, open).kind).toBe("listed");
  }
  for (const address of ["0.0.0.0", "::", "10.0.0.1", "169.254.169.254", "::7f00:1", "64:ff9b::127.0.0.1"]) {
    expect(judgeAddress(address, open).kind).toBe("refused");
  }
});
