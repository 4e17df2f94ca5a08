import { expect, test } from "bun:test";
import { quoteServer } from "./quote.ts";

const TOKEN = "AbCdEfGhIjKlMnOpQrStUvWx";
const HIDDEN = {
  user: "hatch",
  password: "s3cret-pässword",
  content: `Open https://hatch.example.com/invitations#${TOKEN} or type 482913 there, Ada.`,
};
const quote = (response: string): string => quoteServer(response, HIDDEN);
const base64 = (text: string): string => Buffer.from(text).toString("base64");

test.each([
  ["550 5.1.1 <ada@example.com>: Recipient address rejected: User unknown in virtual mailbox table"],
  ["535-5.7.8 Username and Password not accepted."],
  ["250 2.0.0 Ok: queued as 4XyZ1234ABCD"],
])("%p is left as it is", (response) => {
  expect(quote(response)).toBe(response);
});

test.each([
  ["several lines", "535-one\r\n535 two\u0000\u2028three\r\n", "535-one 535 two three"],
  ["a link of the mail", `554 https://hatch.example.com/invitations#${TOKEN} is listed`, "554 … is listed"],
  [
    "a link of its own",
    "535 see https://support.example.com/mail/?p=BadCredentials x",
    "535 see https://support.example.com/… x",
  ],
  ["a piece of the mail", `554 bad word ${TOKEN}=1B here`, "554 bad word …=1B here"],
  ["half of a token", `554 bad word ${TOKEN.slice(3, 21)}`, "554 bad word …"],
  ["a code of the mail", "554 spam: 482913", "554 spam: …"],
  ["the password", "535 s3cret-pässword is wrong", "535 … is wrong"],
  ["the password as it was sent", `535 ${base64(`\0hatch\0s3cret-pässword`)} ${base64("s3cret-pässword")}`, "535 … …"],
])("%s is not quoted", (_, response, quoted) => {
  expect(quote(response)).toBe(quoted);
});

test("nothing endless is kept", () => {
  expect(quote(`550 ${"no ".repeat(100_000)}`).length).toBeLessThanOrEqual(401);
  expect(quote(`550 ${"s3cret-pässword".repeat(1_000)}`)).not.toContain("s3cret");
});
