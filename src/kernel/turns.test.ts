import { expect, test } from "bun:test";
import { Turns } from "./turns.ts";

const busy = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

test("one piece is under way at a time, and each that goes on waits for those who came meanwhile", async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const work = (name: string) =>
    turns.run(async (rest) => {
      for (let piece = 1; piece <= 3; piece++) {
        seen.push(`${name}${piece}`);
        busy(6);
        await rest();
      }
    });
  await Promise.all([work("a"), work("b")]);
  expect(seen).toEqual(["a1", "b1", "a2", "b2", "a3", "b3"]);
});

test("others run between its pieces, and not only at its end", async () => {
  const turns = new Turns();
  let others = 0;
  const timer = setInterval(() => (others += 1), 1);
  const seen: number[] = [];
  await turns.run(async (rest) => {
    for (let piece = 0; piece < 5; piece++) {
      busy(6);
      // A microtask is no turn for anybody else.
      await Promise.resolve();
      await rest();
      seen.push(others);
    }
  });
  clearInterval(timer);
  for (const [at, count] of seen.entries()) expect([at, count > (seen[at - 1] ?? 0)]).toEqual([at, true]);
});

test("work that throws gives its turn back", async () => {
  const turns = new Turns();
  const failing = turns.run(() => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
  expect(await turns.run(async () => "made")).toBe("made");
});
