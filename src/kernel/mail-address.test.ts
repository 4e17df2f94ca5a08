import { expect, test } from "bun:test";
import { canonicalMailAddress, parseMailbox, showMailbox } from "./mail-address.ts";

test.each([
  ["ada@example.com", "ada@example.com"],
  ["Ada.Lovelace+x@Example.COM", "Ada.Lovelace+x@example.com"],
  ["ada@bücher.example", "ada@xn--bcher-kva.example"],
  ["ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"],
  ["jürgen@example.com", "jürgen@example.com"],
  ["ju\u0308rgen@example.com", "jürgen@example.com"],
  ["用户@例え.jp", "用户@xn--r8jz45g.jp"],
  ["o'neil@example.com", "o'neil@example.com"],
  ["root@localhost", "root@localhost"],
  // Letters that only look different name the same domain.
  ["ada@ⓔxample.com", "ada@example.com"],
  ["ada@exam\u00adple.com", "ada@example.com"],
])("%p is the address %p", (text, address) => {
  expect(canonicalMailAddress(text)).toBe(address);
});

test.each([
  "",
  "ada",
  "@example.com",
  "ada@",
  "ada@@example.com",
  "a b@example.com",
  "ada@exa mple.com",
  "ada@example.com\r\nBcc: eve@example.com",
  "ada\r\n@example.com",
  "ada\u0000@example.com",
  "ada@example.com>",
  "<ada@example.com>",
  "ada@example.com, eve@example.com",
  "ada@example.com;eve@example.com",
  '"ada eve"@example.com',
  ".ada@example.com",
  "ada.@example.com",
  "a..b@example.com",
  "ada@example..com",
  "ada@-example.com",
  "ada@exa_mple.com",
  "ada@example.com.",
  "ada@[127.0.0.1]",
  "ada@127.0.0.1",
  "ada@127.1",
  "ada@example.com:25",
  "ada@example.com/x",
  "ada@example.com?x",
  "ada@%65xample.com",
  `${"a".repeat(65)}@example.com`,
  `ada@${"a".repeat(64)}.com`,
  `ada@${"a.".repeat(130)}com`,
  "ada\u2028@example.com",
  "ada\u202e@example.com",
])("%p is no address", (text) => {
  expect(canonicalMailAddress(text)).toBeUndefined();
});

test.each([
  ["ada@example.com", { address: "ada@example.com" }],
  ["Ada <ada@example.com>", { name: "Ada", address: "ada@example.com" }],
  ['"Lovelace, Ada" <ada@example.com>', { name: "Lovelace, Ada", address: "ada@example.com" }],
  ["Schule am Fluß <post@fluß.example>", { name: "Schule am Fluß", address: "post@xn--flu-7ka.example" }],
  ["<ada@example.com>", { address: "ada@example.com" }],
])("%p is read", (text, mailbox) => {
  expect(parseMailbox(text)).toEqual(mailbox);
  expect(parseMailbox(showMailbox(mailbox))).toEqual(mailbox);
});

test.each([
  "",
  "Ada",
  "Ada <>",
  "Ada <ada@example.com> <eve@example.com>",
  "Ada <eve@example.com>, Ada <ada@example.com>",
  "Ada\r\nBcc: eve@example.com <ada@example.com>",
  "Ada\u2028Eve <ada@example.com>",
  `${"a".repeat(101)} <ada@example.com>`,
])("%p is no mailbox", (text) => {
  expect(parseMailbox(text)).toBeUndefined();
});
