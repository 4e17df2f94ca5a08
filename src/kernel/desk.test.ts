import { expect, test } from "bun:test";
import { Desk } from "./desk.ts";

const desk = () => new Desk({ waitingMax: 2, refusal: "Too many at once." });

test("one after the other, in the order in which they came, and a failure is its asker's alone", async () => {
  const { ask } = { ask: Desk.prototype.ask.bind(desk()) };
  const seen: string[] = [];
  const first = ask(async () => {
    seen.push("first begins");
    await Promise.resolve();
    seen.push("first ends");
    throw new Error("broken");
  });
  const second = ask(async () => {
    seen.push("second");
    return 2;
  });
  await expect(first).rejects.toThrow("broken");
  expect(await second).toBe(2);
  expect(seen).toEqual(["first begins", "first ends", "second"]);
});

test("who comes when the line is full is refused, and may come again once it is shorter", async () => {
  const full = desk();
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = [full.ask(() => promise), full.ask(async () => {})];
  await expect(full.ask(async () => {})).rejects.toMatchObject({ code: "rate_limited", message: "Too many at once." });
  resolve();
  await Promise.all(held);
  expect(await full.ask(async () => "done")).toBe("done");
});
