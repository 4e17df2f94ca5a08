import { expect, test } from "bun:test";
import { publicLink } from "./public-link.ts";

const at = (host: string, port: number, publicUrl?: string) => ({ server: { host, port, publicUrl } });

test.each([
  [at("0.0.0.0", 4282, "https://hatch.example.com"), "https://hatch.example.com/reset#x"],
  [at("127.0.0.1", 4282, "https://hatch.example.com"), "https://hatch.example.com/reset#x"],
  // Nobody else reaches it: what it listens on is where it is.
  [at("127.0.0.1", 4282), "http://127.0.0.1:4282/reset#x"],
  [at("localhost", 80), "http://localhost:80/reset#x"],
  [at("::1", 4282), "http://[::1]:4282/reset#x"],
])("%p is reached at %p", (config, link) => {
  expect(publicLink(config, "/reset#x")).toBe(link);
});

test.each([at("0.0.0.0", 4282), at("10.0.0.5", 4282), at("127.0.0.1", 0)])(
  "%p does not know how it is reached",
  (config) => {
    expect(() => publicLink(config, "/reset#x")).toThrow("The address of this installation is not set");
  },
);
