import { expect, test } from "bun:test";
import { changesBetween, detailsText, readDetails } from "./audit-changes.ts";

const was = { name: "Backend", events: ["a", "b"], limit: null, note: undefined };

test("only what differs is told; undefined counts as null, and the order of an object's fields as nothing", () => {
  const now = { name: "Front", events: ["a", "b"], limit: undefined, note: null };
  expect(changesBetween(was, now, ["name", "events", "limit", "note"])).toEqual({
    before: { name: "Backend" },
    after: { name: "Front" },
  });
  expect(changesBetween({ at: { a: 1, b: 2 } }, { at: { b: 2, a: 1 } }, ["at"])).toEqual({});
});

test("what is made has only an after, what is taken away only a before", () => {
  expect(changesBetween(undefined, { name: "x" }, ["name"])).toEqual({ after: { name: "x" } });
  expect(changesBetween({ name: "x" }, undefined, ["name"])).toEqual({ before: { name: "x" } });
});

test.each(["secret", "passwordHash", "headers_sealed", "api_token", "private_key", "Authorization", "setCookie"])(
  "a field that may hold a secret is refused: %s",
  (field) => {
    expect(() => changesBetween({ [field]: "a" }, { [field]: "b" }, [field])).toThrow("may hold a secret");
  },
);

test("a long value is told by its size and digest, and that it changed is still seen", () => {
  const long = (end: string) => ({ schema: { description: `${"x".repeat(3_000)}${end}` } });
  const { before, after } = changesBetween(long("a"), long("b"), ["schema"]);
  expect(before).toEqual({ schema: { characters: 3_019, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  expect(after).not.toEqual(before);
  expect(changesBetween(long("a"), long("a"), ["schema"])).toEqual({});
});

test("whatever looks like a credential is cut before it is kept", () => {
  const text = detailsText({
    after: { note: "hk_live_AbCd1234567890 and whsec_c2VjcmV0" },
    details: { why: "hrt_abc" },
  });
  expect(text).toBe('{"after":{"note":"hk_live_AbCd… and whsec_…"},"why":"hrt_…"}');
});

test("an entry's details have an end", () => {
  const text = detailsText({ details: { list: Array.from({ length: 10_000 }, (_, at) => `item-${at}`) } }) ?? "";
  expect(text.length).toBeLessThan(200);
  expect(readDetails(text).details).toEqual({
    omitted: { characters: expect.any(Number), sha256: expect.any(String) },
  });
});

test("what was and what is now come back apart from the details", () => {
  const text = detailsText({ before: { a: 1 }, after: { a: 2 }, details: { reason: "why" } });
  expect(readDetails(text)).toEqual({ before: { a: 1 }, after: { a: 2 }, details: { reason: "why" } });
  expect(detailsText({})).toBeNull();
  expect(readDetails(null)).toEqual({ before: null, after: null, details: null });
});

test("details that somebody wrote nonsense over are shown as such", () => {
  for (const text of ["{", "1", "[]", '"x"']) expect(readDetails(text).details).toEqual({ unreadable: true });
});
