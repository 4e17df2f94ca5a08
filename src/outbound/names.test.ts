import { describe, expect, test } from "bun:test";
import { FakeClock } from "../../tests/support/clock.ts";
import { createNameBook, type Resolver } from "./names.ts";

describe("the name book", () => {
  const bookWith = (resolver: Resolver) => {
    const clock = new FakeClock();
    return { clock, book: createNameBook(clock, resolver) };
  };

  test("asks anew after five seconds, and not before", async () => {
    let asked = 0;
    const { clock, book } = bookWith(async () => [`192.0.2.${++asked}`]);
    expect(await book.find("a.example")).toEqual({ kind: "found", addresses: ["192.0.2.1"] });
    await clock.advance(4_999);
    expect(await book.find("a.example")).toEqual({ kind: "found", addresses: ["192.0.2.1"] });
    await clock.advance(1);
    expect(await book.find("a.example")).toEqual({ kind: "found", addresses: ["192.0.2.2"] });
  });

  test("gives up on a name server that does not answer, and asks again next time", async () => {
    let asked = 0;
    const { clock, book } = bookWith(() => {
      asked += 1;
      return new Promise(() => {});
    });
    const first = book.find("a.example");
    expect(book.find("a.example")).toBe(first);
    await clock.advance(5_000);
    expect(await first).toEqual({ kind: "missing", message: "The name did not resolve within 5 seconds." });
    expect(clock.nextTimer()).toBeUndefined();
    void book.find("a.example");
    expect(asked).toBe(2);
  });

  test.each([
    ["no such name", Object.assign(new Error("x"), { code: "ENOTFOUND" }), "The name does not resolve."],
    [
      "a server's failure",
      Object.assign(new Error("x"), { code: "ESERVFAIL" }),
      "The name servers could not be asked.",
    ],
    ["a thrown string", "10.0.0.1", "The name servers could not be asked."],
  ])("turns %s into a sentence, and does not remember it", async (_, error, message) => {
    let asked = 0;
    const { book } = bookWith(() => {
      asked += 1;
      throw error;
    });
    expect(await book.find("a.example")).toEqual({ kind: "missing", message });
    expect(await book.find("a.example")).toEqual({ kind: "missing", message });
    expect(asked).toBe(2);
  });

  test("remembers a bounded number of names", async () => {
    let asked = 0;
    const { book } = bookWith(async () => [`192.0.2.${++asked % 250}`]);
    for (let n = 0; n <= 1_000; n++) await book.find(`${n}.example`);
    expect(asked).toBe(1_001);
    await book.find("1000.example");
    expect(asked).toBe(1_001);
    await book.find("0.example");
    expect(asked).toBe(1_002);
  });
});
