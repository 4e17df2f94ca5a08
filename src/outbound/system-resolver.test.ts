import { afterEach, describe, expect, test } from "bun:test";
import { getServers, setServers } from "node:dns";
import { readFileSync } from "node:fs";
import { FakeClock } from "../../tests/support/clock.ts";
import { type NameServer, startNameServer } from "../../tests/support/name-server.ts";
import { systemClock } from "../kernel/clock.ts";
import { createNameBook } from "./names.ts";
import { createSystemResolver } from "./system-resolver.ts";

// Elsewhere the system resolves in a way of its own, which takes no name servers from a test.
const onLinux = test.if(process.platform === "linux");

const servers = getServers();
let nameServer: NameServer | undefined;
afterEach(() => {
  nameServer?.close();
  nameServer = undefined;
  setServers(servers);
});

describe("the machine's own way to look names up", () => {
  onLinux("knows the names of /etc/hosts", async () => {
    const lines = readFileSync("/etc/hosts", "utf8").matchAll(/^(\d+\.\d+\.\d+\.\d+)\s+(\S+)/gm);
    const written = [...lines].map(([, address = "", name = ""]) => ({ address, name }));
    expect(written.length).toBeGreaterThan(0);
    const resolve = createSystemResolver(systemClock);
    for (const { address, name } of written) expect(await resolve(name)).toContain(address);
  });

  onLinux("asks name servers without holding up other names, files or passwords when they never answer", async () => {
    nameServer = await startNameServer((name) => name.startsWith("hanging-"));
    setServers([nameServer.address]);
    const clock = new FakeClock();
    const book = createNameBook(clock, createSystemResolver(clock));
    const hanging = Array.from({ length: 40 }, (_, n) => book.find(`hanging-${n}.example.com`));
    const began = performance.now();
    expect(await book.find("hooks.example.com")).toEqual({ kind: "found", addresses: ["192.0.2.7"] });
    expect(await Bun.file(import.meta.path).text()).toContain("hanging-");
    await Bun.password.hash("a password", { algorithm: "argon2id", memoryCost: 64, timeCost: 1 });
    expect(performance.now() - began).toBeLessThan(2_000);
    await clock.advance(5_000);
    const message = "The name did not resolve within 5 seconds.";
    expect(await Promise.all(hanging)).toEqual(hanging.map(() => ({ kind: "missing", message })));
    expect(nameServer.asked.filter((name) => name === "hanging-0.example.com").length).toBeWithin(1, 5);
  });

  onLinux("reads anew who the name servers are when they fail, and at most every five seconds", async () => {
    const clock = new FakeClock();
    const resolve = createSystemResolver(clock);
    const nobody = ["127.0.0.1:1"];
    setServers(nobody);
    await expect(resolve("a.example.com")).rejects.toThrow();
    expect(getServers()).toEqual(servers);
    setServers(nobody);
    await expect(resolve("b.example.com")).rejects.toThrow();
    expect(getServers()).toEqual(nobody);
    await clock.advance(5_000);
    await expect(resolve("c.example.com")).rejects.toThrow();
    expect(getServers()).toEqual(servers);
  });
});
