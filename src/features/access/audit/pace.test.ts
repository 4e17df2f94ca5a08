import { expect, test } from "bun:test";
import { Pace } from "./pace.ts";

const busy = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

test("pieces are made one at a time, in the order asked for", async () => {
  const pace = new Pace();
  const seen: string[] = [];
  const piece = (name: string) => async () => {
    seen.push(`${name} begins`);
    await Promise.resolve();
    seen.push(`${name} ends`);
    return name;
  };
  expect(await Promise.all(["a", "b"].map((name) => pace.run(piece(name))))).toEqual(["a", "b"]);
  expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends"]);
});

test("one that fails fails for whoever asked, and the next one is made", async () => {
  const pace = new Pace();
  const failing = pace.run(() => Promise.reject(new Error("no")));
  const next = pace.run(async () => "made");
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("made");
});

test("after each piece everybody else has as long as it took", async () => {
  const pace = new Pace();
  let otherTurns = 0;
  const other = setInterval(() => (otherTurns += 1), 1);
  const began = performance.now();
  await Promise.all(Array.from({ length: 5 }, () => pace.run(async () => busy(10))));
  clearInterval(other);
  expect(performance.now() - began).toBeGreaterThan(85);
  expect(otherTurns).toBeGreaterThan(4);
});
