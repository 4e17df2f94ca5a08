import { expect, test } from "bun:test";
import { RouteTable } from "./route-table.ts";

const rules = {
  access: "public",
  bodyLimit: 1,
  beforeClaim: false,
  takesWriteKey: false,
  takesIdempotencyKey: false,
} as const;
const table = new RouteTable(
  [
    ["GET", "/"],
    ["GET", "/v1/keys"],
    ["POST", "/v1/keys"],
    ["DELETE", "/v1/keys/:id"],
    ["POST", "/v1/keys/:id/rotate"],
    ["GET", "/docs/*"],
    ["ALL", "/any"],
  ].map(([method = "", path = ""]) => ({ method, path, rules })),
);

test("a path is found by its pattern, with a slash too many or not", () => {
  for (const [method, path, pattern] of [
    ["GET", "/", "/"],
    ["HEAD", "/v1/keys", "/v1/keys"],
    ["POST", "/v1/keys/", "/v1/keys"],
    ["DELETE", "/v1/keys/key_1", "/v1/keys/:id"],
    ["POST", "/v1/keys/a%2Fb/rotate", "/v1/keys/:id/rotate"],
    ["GET", "/docs/a/b", "/docs/*"],
    ["PATCH", "/any", "/any"],
  ] as const) {
    expect([method, path, table.find(method, path)?.path]).toEqual([method, path, pattern]);
  }
});

test("what lies beside a pattern is not found", () => {
  for (const [method, path] of [
    ["GET", "/v1"],
    ["GET", "/v1/keys/key_1"],
    ["DELETE", "/v1/keys/"],
    ["DELETE", "/v1/keys//"],
    ["POST", "/v1/keys/key_1/rotate/x"],
    ["GET", "/V1/keys"],
    ["GET", "/docs"],
    ["GET", ""],
  ] as const) {
    expect([method, path, table.find(method, path)]).toEqual([method, path, undefined]);
  }
});

test("the methods of a path are told, and none where nothing lives", () => {
  expect(table.methodsAt("/v1/keys")).toEqual(["GET", "HEAD", "POST"]);
  expect(table.methodsAt("/v1/keys/x")).toEqual(["DELETE"]);
  expect(table.methodsAt("/v1/nothing")).toEqual([]);
});
