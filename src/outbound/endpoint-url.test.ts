import { describe, expect, test } from "bun:test";
import { type EndpointUrl, parseEndpoint } from "./endpoint-url.ts";

const parse = (url: string) => parseEndpoint(url) as EndpointUrl;
const refusal = (url: string) => {
  const parsed = parseEndpoint(url);
  return "refused" in parsed ? parsed.refused.message : undefined;
};

describe("an endpoint's URL", () => {
  test("is taken apart into what is connected to and what is sent", () => {
    expect(parse("https://Hooks.Example.com/a/b?c=d%20e")).toEqual({
      scheme: "https",
      host: "hooks.example.com",
      hostIsAddress: false,
      authority: "hooks.example.com",
      port: "443",
      pathAndQuery: "/a/b?c=d%20e",
      origin: "https://hooks.example.com",
    });
    expect(parse("http://127.0.0.1:8080")).toMatchObject({
      scheme: "http",
      host: "127.0.0.1",
      hostIsAddress: true,
      authority: "127.0.0.1:8080",
      port: "8080",
      pathAndQuery: "/",
    });
    expect(parse("https://[2606:4700:0:0::1111]:8443/x")).toMatchObject({
      host: "2606:4700::1111",
      hostIsAddress: true,
      authority: "[2606:4700::1111]:8443",
      port: "8443",
    });
  });

  test("leaves out a port that is the scheme's own", () => {
    expect(parse("https://hooks.example.com:443/").authority).toBe("hooks.example.com");
    expect(parse("http://hooks.example.com:80/").authority).toBe("hooks.example.com");
    expect(parse("http://hooks.example.com:443/")).toMatchObject({ authority: "hooks.example.com:443", port: "443" });
  });

  test.each([
    "https://xn--mller-kva.example/hook",
    "https://müller.example/hook",
    "https://my_service.internal:3000/hook",
    "https://receiver/hook",
    "https://hooks.internal/hook",
    "https://metadata.example.com/hook",
    "https://a-b.c0.example/hook?x=@y",
    "https://hooks.example.com/@user/hook",
    "https://hooks.example.com/a%20b%2F..",
  ])("%s is a good one", (url) => {
    expect(refusal(url)).toBeUndefined();
  });

  test.each([
    ["https://a b.example/", "space"],
    ["https://a.example/\n", "control"],
    ["https://a.example\\b", "backslash"],
    ["https://u:p@a.example/", "user name"],
    ["https://a.example/#x", "fragment"],
    ["https://a.example/?#", "fragment"],
    ["https://a.example:6000/", "Port 6000"],
    ["https://a.example./", "ends with a dot"],
    ["https://127.1/", "Write this address as 127.0.0.1."],
    ["https://ａ.example/", "Write this host name as a.example."],
    ["https://%61.example/", "percent"],
    ["https://a!b.example/", "not valid"],
    ["https://-a.example/", "not valid"],
    ["wss://a.example/", "not an https URL"],
    ["http://metadata.google.internal/computeMetadata/v1/", "metadata service"],
    ["https://Metadata.Google.Internal:8443/", "metadata service"],
    ["https://metadata.goog/", "metadata service"],
    ["https://instance-data/latest/", "metadata service"],
    ["https://metadata/", "metadata service"],
  ])("%p is refused: %s", (url, reason) => {
    expect(refusal(url)).toContain(reason);
  });

  test("has bounds", () => {
    expect(refusal(`https://${"a.".repeat(126)}example/`)).toContain("not valid");
    expect(refusal(`https://a.example/${"x".repeat(2_048)}`)).toContain("longer than");
    expect(refusal(`https://a.example/${"x".repeat(2_000)}`)).toBeUndefined();
  });
});
