import { expect, test } from "bun:test";
import { hostOf, shownEndpoint, toldEndpoint } from "./shown-endpoint.ts";

test.each([
  ["https://yourapp.com/webhooks/hatch", "yourapp.com/webhooks/hatch"],
  ["https://yourapp.com/", "yourapp.com"],
  ["https://yourapp.com:8443/a/b/", "yourapp.com:8443/a/b"],
  ["https://yourapp.com/hook?token=s3cret#x", "yourapp.com/hook"],
  ["https://yourapp.com/integrations-inbound/v2", "yourapp.com/integrations-inbound/v2"],
  ["https://hooks.slack.com/services/T012AB3C4/B056DE7F8/abcdefghijklmnopqrstuvwx", "hooks.slack.com/services/…/…/…"],
  [
    "https://discord.com/api/webhooks/123456789012345678/aBcD-3f_gHiJkLmNoPqRsTuVwXyZ0123456789",
    "discord.com/api/webhooks/123456789012345678/…",
  ],
  ["https://yourapp.com/in/6f1c2f0e-8d3b-4a8a-9a51-3c1b2f0e8d3b", "yourapp.com/in/…"],
  ["no url at all", "an address that can't be read"],
  [null, "pull"],
])("%p is shown as %p", (endpoint, shown) => {
  expect(shownEndpoint(endpoint)).toBe(shown);
});

test("the host stands alone where there is little room", () => {
  expect([hostOf("https://a.example:8443/x?y"), hostOf(null), hostOf("x")]).toEqual(["a.example:8443", "pull", "pull"]);
});

test.each([
  ["https://yourapp.com/hook?token=s3cret#x", "https://yourapp.com/hook"],
  ["https://yourapp.com/hook", "https://yourapp.com/hook"],
  ["no url at all?token=s3cret", "no url at all?token=s3cret"],
  [null, null],
  [undefined, null],
])("events tell of %p as %p", (endpoint, told) => {
  expect(toldEndpoint(endpoint)).toBe(told);
});
