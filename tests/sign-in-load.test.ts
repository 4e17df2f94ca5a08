import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  checksOf,
  insertPeople,
  measureBurst,
  measureGuessing,
  measureTimes,
  nameOf,
  quantile,
  SIGN_IN_CONFIG,
  type Target,
} from "./sign-in-load.ts";
import { claim, type OpenApp, openApp } from "./support/app.ts";

// The short form of what `bun tests/sign-in-load.ts` measures.

const PEOPLE = 20;
let app: OpenApp;
let target: Target;

beforeAll(async () => {
  app = await openApp(SIGN_IN_CONFIG);
  await claim(app);
  await insertPeople(app.context, PEOPLE);
  target = { url: app.url, countChecks: () => checksOf(app.url) };
});
afterAll(() => app.close());

test("many sign in at the same moment, and the server stays ready", async () => {
  const burst = await measureBurst(target, PEOPLE);
  expect(burst.signedIn).toBe(PEOPLE);
  expect(burst.readyMaxMs).toBeLessThan(2_000);
}, 60_000);

test("the time of an answer does not tell whether there is an account of that name", async () => {
  const { known, unknown, kolmogorovSmirnov } = await measureTimes(target, 15);
  expect(kolmogorovSmirnov.p).toBeGreaterThan(0.001);
  const [short = 0, long = 0] = [quantile(known, 0.5), quantile(unknown, 0.5)].sort((left, right) => left - right);
  expect(long / short).toBeLessThan(1.5);
}, 60_000);

test("of guesses from many addresses few are compared, and the owner gets in from a new one", async () => {
  const guessing = await measureGuessing(target, nameOf(0), { guesses: 250, addresses: 50 });
  expect(guessing.guesses).toBe(250);
  expect(guessing.checked).toBeLessThanOrEqual(15);
  expect([guessing.owner.status, guessing.owner.tookMs < 5_500]).toEqual([200, true]);
}, 60_000);

test("an address that used up its tries keeps nobody else from signing in", async () => {
  const guess = (index: number, address: string, password: string) =>
    fetch(`${target.url}/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": address },
      body: JSON.stringify({ email: nameOf(index), password }),
    });
  const guesses = Array.from({ length: 24 }, (_, index) => guess(1 + (index % 8), "192.0.2.66", "wrong"));
  const owners = Array.from({ length: 8 }, (_, index) =>
    guess(1 + index, `192.0.2.${100 + index}`, "correct horse battery"),
  );
  expect((await Promise.all(owners)).map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
  await Promise.all(guesses);
}, 60_000);
