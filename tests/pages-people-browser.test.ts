import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { totpCode } from "../src/features/access/second-factor/totp.ts";
import { SECOND, unixMs } from "../src/kernel/units.ts";
import { type OpenApp, openApp } from "./support/app.ts";
import {
  CHROMIUM,
  DESK,
  findViolations,
  launchBrowser,
  overflow,
  PHONE,
  picture,
  smallTargets,
} from "./support/browser.ts";
import { TEST_CONFIG } from "./support/context.ts";
import { freePort } from "./support/free-port.ts";
import { type Arrived, type MailServer, startMailServer } from "./support/mail-server.ts";
import { openTestProvider, type TestProvider } from "./support/oidc-provider.ts";

// How people get in, walked in a real browser: with a real mail server and a real identity provider beside it. The steps
// follow on each other.

const ADA = "ada@riverside.example";
const BEN = "ben@riverside.example";
const BEN_NEW = "benjamin@riverside.example";
const FIRST = "correct horse battery";
const SECOND_ONE = "a staple and a horse";
const THIRD = "the horse went home";

let browser: Browser;
let app: OpenApp;
let mail: MailServer;
let provider: TestProvider;
let url: string;
/** The operator's browser, kept from step to step. */
let ada: BrowserContext;
let page: Page;
/** Of somebody who is invited. */
let ben: Page;
let seed: Uint8Array;
let testEnvironment = "";
let recovery: string[];
const faults: string[] = [];
const visited: string[] = [];

async function openPage(context: BrowserContext): Promise<Page> {
  const opened = await context.newPage();
  opened.setDefaultTimeout(20_000);
  opened.on("request", (request) => {
    visited.push(request.url());
    const { origin } = new URL(request.url());
    // What the provider's own pages ask for is not ours.
    const isOurs = request.isNavigationRequest() || request.frame().url().startsWith(url);
    if (isOurs && origin !== url && origin !== provider.issuer) faults.push(`asked ${request.url()}`);
  });
  opened.on("console", (message) => {
    // The browser tells of every answer that is no success.
    const isOurs = opened.url().startsWith(url) && !/status of 4\d\d/.test(message.text());
    if (isOurs) faults.push(message.text());
  });
  opened.on("pageerror", (error) => faults.push(error.message));
  return opened;
}

/** What holds for each of the pages. */
async function look(at: Page, name: string): Promise<void> {
  await picture(at, name);
  expect(await findViolations(at)).toEqual([]);
  expect(await smallTargets(at)).toEqual([]);
  await at.setViewportSize(PHONE);
  expect(await overflow(at)).toBe(0);
  await at.setViewportSize(DESK);
}

const heading = (at: Page, name: string | RegExp) => at.getByRole("heading", { name, level: 1 }).waitFor();
const press = (at: Page, name: string) => at.getByRole("button", { name, exact: true }).click();
const faultAt = (at: Page, field: string) => at.locator(`#${field}-error`).textContent();

async function signIn(at: Page, email: string, password: string): Promise<void> {
  await at.goto(`${url}/sign-in`);
  await at.getByLabel("E-mail address").fill(email);
  await at.getByLabel("Password").fill(password);
  await press(at, "Sign in");
}

async function waitFor(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !isSo(); await Bun.sleep(20)) {
    if (Date.now() > end) throw new Error("it never came");
  }
}

/** What the operator's pages do not do, by the API with the operator's own cookies. */
async function asAda(method: string, path: string, body: unknown, environment: string): Promise<Response> {
  const cookie = (await ada.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const me = (await (await fetch(`${url}/v1/me`, { headers: { cookie } })).json()) as { csrf: string };
  return fetch(`${url}${path}?environment=${environment}`, {
    method,
    headers: { cookie, origin: url, "x-hatch-csrf": me.csrf, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function arrival(to: string, subject: string): Promise<Arrived> {
  const find = () => mail.arrived.findLast((one) => one.to.includes(to) && one.mail.subject === subject);
  await waitFor(() => find() !== undefined);
  return find() as Arrived;
}

const linkIn = ({ mail: { text = "" } }: Arrived): string => /https?:\/\/\S+#\w+/.exec(text)?.[0] ?? "";

/** The code of the next step, which is good too: the one of this step may have been used. */
const nextCode = (): string => totpCode(seed, unixMs(Date.now() + 30 * SECOND));

function decodeBase32(text: string): Uint8Array {
  const bits = [...text].map((letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"),
  );
  return Uint8Array.from(bits.join("").match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

describe.skipIf(CHROMIUM === undefined)("people", () => {
  beforeAll(async () => {
    const port = freePort();
    url = `http://localhost:${port}`;
    mail = await startMailServer();
    provider = await openTestProvider(`${url}/v1/auth/oidc/callback`);
    provider.people.set("cleo", { email: "cleo@riverside.example", emailVerified: true, groups: ["staff"] });
    provider.people.set("dan", { email: "dan@riverside.example", emailVerified: false, groups: ["staff"] });
    app = await openApp(
      {
        server: { host: "127.0.0.1", port, publicUrl: url },
        limits: { ...TEST_CONFIG.limits, anonymousPerMinute: 0 },
        mail: {
          host: "127.0.0.1",
          port: mail.port,
          tls: "none",
          user: undefined,
          from: { address: "hatch@riverside.example" },
          replyTo: undefined,
          timeout: 10_000,
        } as never,
        oidc: {
          issuer: provider.issuer,
          clientId: provider.clientId,
          name: "Riverside ID",
          groupsClaim: "groups",
          roles: [{ group: "staff", role: "viewer", workspaceId: undefined }],
          required: false,
        },
      },
      { oidcClientSecret: provider.clientSecret },
    );
    browser = await launchBrowser();
    ada = await browser.newContext({ viewport: DESK });
    page = await openPage(ada);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    await provider?.close();
    await mail?.close();
  }, 30_000);

  test("whoever claims the installation is signed in, and signs out", async () => {
    const token = (await app.access.createSetupToken()) ?? "";
    await page.goto(url);
    await page.getByLabel("One-time token").fill(token);
    await page.getByLabel("Your e-mail address").fill(ADA);
    await page.getByLabel("Password").fill(FIRST);
    await page.getByLabel("Name of the workspace").fill("Riverside School");
    await press(page, "Claim this installation");
    await heading(page, "Riverside School is ready");
    testEnvironment = (await app.access.listEnvironments()).find(({ kind }) => kind === "test")?.id ?? "";
    await look(page, "claimed");
    await page.getByRole("link", { name: "the start page" }).click();
    await heading(page, "You belong to Riverside School");
    await look(page, "home");
    await press(page, "Sign out");
    await heading(page, "Sign in");
    await page.getByText("You are signed out.").waitFor();
    await picture(page, "signed-out");
    await page.goto(`${url}/me`);
    expect(page.url()).toBe(`${url}/sign-in?next=%2Fme`);
  }, 60_000);

  test("signing in is done by keyboard alone, after a mistake", async () => {
    await page.goto(`${url}/sign-in`);
    await look(page, "sign-in");
    await page.keyboard.type(ADA);
    await page.keyboard.press("Tab");
    await page.keyboard.type("not the password");
    await page.keyboard.press("Enter");
    await page.locator("#password-error").waitFor();
    expect(await faultAt(page, "password")).toBe("The e-mail address or the password is wrong.");
    expect(await page.getByLabel("E-mail address").inputValue()).toBe(ADA);
    expect(await page.getByLabel("Password").inputValue()).toBe("");
    await look(page, "sign-in-refused");
    await page.getByLabel("Password").focus();
    await page.keyboard.type(FIRST);
    await page.keyboard.press("Enter");
    await heading(page, "You belong to Riverside School");
  }, 60_000);

  test("a second factor is set up, and from then on asked for", async () => {
    await page.goto(`${url}/me`);
    await heading(page, "A password alone protects your account");
    await look(page, "me");
    await page.getByRole("link", { name: "Set up the second factor" }).click();
    await look(page, "factor-begin");
    await press(page, "Begin");
    await page.getByRole("img", { name: "The secret for your authenticator app, as a QR code" }).waitFor();
    await look(page, "factor-offer");
    const secret = ((await page.locator("#factor-secret").textContent()) ?? "").replaceAll(" ", "");
    seed = decodeBase32(secret);
    expect(page.url()).not.toContain(secret);
    await page.getByLabel("Code", { exact: true }).fill("000000");
    await press(page, "Turn it on");
    await page.locator("#code-error").waitFor();
    await look(page, "factor-refused");
    await page.getByLabel("Code", { exact: true }).fill(totpCode(seed, unixMs(Date.now())));
    await press(page, "Turn it on");
    await heading(page, "Keep your recovery codes");
    await look(page, "recovery-codes");
    recovery = ((await page.locator("#recovery-codes").textContent()) ?? "").split("\n");
    expect(recovery).toHaveLength(10);
    await page.getByRole("link", { name: "I have kept them" }).click();
    await heading(page, "A password and a second factor protect your account");
    await press(page, "Sign out");

    await signIn(page, ADA, FIRST);
    await heading(page, "One more step");
    await look(page, "factor");
    await page.getByLabel("Code", { exact: true }).fill(nextCode());
    await press(page, "Go on");
    await heading(page, "You belong to Riverside School");
    await press(page, "Sign out");
  }, 60_000);

  test("a recovery code stands in for the app, once", async () => {
    for (const isFirst of [true, false]) {
      await signIn(page, ADA, FIRST);
      await page.getByText("Without the app").click();
      await page.getByLabel("Recovery code").fill(recovery[0] ?? "");
      await press(page, "Use the recovery code");
      if (!isFirst) break;
      await page.getByText("You signed in with a recovery code.").waitFor();
      await page.goto(`${url}/me`);
      await page.getByText("9 recovery codes left").waitFor();
      await picture(page, "me-recovery");
      await press(page, "Sign out");
    }
    await page.locator("#recovery-error").waitFor();
    await look(page, "recovery-refused");
    await page.getByLabel("Recovery code").fill(recovery[1] ?? "");
    await press(page, "Use the recovery code");
    await heading(page, "You belong to Riverside School");
  }, 60_000);

  test("the password is changed, and the other sessions are over", async () => {
    const elsewhere = await browser.newContext();
    const other = await openPage(elsewhere);
    await signIn(other, ADA, FIRST);
    await other.getByText("Without the app").click();
    await other.getByLabel("Recovery code").fill(recovery[2] ?? "");
    await press(other, "Use the recovery code");
    await heading(other, "You belong to Riverside School");
    await page.goto(`${url}/me`);
    await page.getByText("You are signed in here and in 1 other place.").waitFor();
    await look(page, "me-sessions");
    await page.getByRole("link", { name: "Change the password" }).click();
    await look(page, "password");
    await page.getByLabel("Current password").fill("not it at all");
    await page.getByLabel("New password").fill("short");
    await page.evaluate("document.getElementById('password').removeAttribute('minlength')");
    await press(page, "Change the password");
    expect(await faultAt(page, "password")).toBe("Must have at least 10 characters.");
    await page.getByLabel("Current password").fill(FIRST);
    await page.getByLabel("New password").fill(SECOND_ONE);
    await press(page, "Change the password");
    await page.getByText("You are signed in here and nowhere else.").waitFor();
    await other.goto(`${url}/me`);
    await heading(other, "Sign in");
    await elsewhere.close();
  }, 60_000);

  test("a forgotten password is replaced by a mailed link, whose secret stands in no address", async () => {
    await press(page, "Sign out");
    await page.getByRole("link", { name: "Forgot your password?" }).click();
    await look(page, "forgot");
    await page.getByLabel("E-mail address").fill(ADA);
    await press(page, "Send the link");
    await heading(page, "Look into your mailbox");
    await look(page, "forgot-sent");
    const link = linkIn(await arrival(ADA, "Set a new password"));
    expect(link).toStartWith(`${url}/reset#hlt_`);
    await page.goto(link);
    await page.locator("#token").waitFor({ state: "hidden" });
    expect(page.url()).toBe(`${url}/reset`);
    await look(page, "reset");
    await page.getByLabel("New password").fill(THIRD);
    await press(page, "Set the password");
    await page.getByText("Your password is set.").waitFor();
    await picture(page, "reset-done");
    await signIn(page, ADA, THIRD);
    await page.getByText("Without the app").click();
    await page.getByLabel("Recovery code").fill(recovery[3] ?? "");
    await press(page, "Use the recovery code");
    await heading(page, "You belong to Riverside School");
    // Used up.
    await page.goto(link);
    await page.getByLabel("New password").fill(FIRST);
    await press(page, "Set the password");
    expect(await faultAt(page, "token")).toBe("The link was used already, or it is too old: ask for another one.");
    await look(page, "reset-refused");
  }, 60_000);

  test("an invitation is accepted by who it is for, in a browser of their own", async () => {
    await page.goto(`${url}/`);
    const { status } = await asAda("POST", "/v1/invitations", { email: BEN, role: "developer" }, testEnvironment);
    expect(status).toBe(201);
    const link = linkIn(await arrival(BEN, "You are invited to a Hatch workspace"));
    expect(link).toStartWith(`${url}/invitation#hit_`);
    // Signed in as somebody else one is told so.
    await page.goto(link);
    await page.getByText(`You are signed in as ${ADA}.`).waitFor();
    await look(page, "invitation-other");

    const their = await browser.newContext({ viewport: DESK });
    ben = await openPage(their);
    await ben.goto(`${url}/invitation`);
    await look(ben, "invitation-open");
    await ben.goto(link);
    await heading(ben, "Join Riverside School");
    expect(ben.url()).toBe(`${url}/invitation`);
    expect(await ben.content()).not.toContain("hit_");
    await look(ben, "invitation");
    await ben.getByLabel("Password").fill("ben@riverside.example");
    await press(ben, "Join Riverside School");
    expect(await faultAt(ben, "password")).toContain("It is made of the e-mail address.");
    await ben.getByLabel("Your name").fill("Ben");
    await ben.getByLabel("Password").fill(FIRST);
    await press(ben, "Join Riverside School");
    await heading(ben, "You belong to Riverside School");
    await look(ben, "home-developer");
    expect(await ben.getByRole("link", { name: "Accounts" }).count()).toBe(0);
    await ben.goto(`${url}/operator/accounts`);
    await heading(ben, "This is not open to you");
    await look(ben, "refused");
  }, 60_000);

  test("a one-time password of the operator has to be replaced before anything else", async () => {
    await page.goto(`${url}/operator/accounts`);
    await look(page, "accounts");
    await page.getByRole("link", { name: BEN }).click();
    await heading(page, "Ben");
    await look(page, "account");
    await press(page, "Set a one-time password");
    await page.locator("#why").fill("lost the phone with the password");
    await press(page, "Set a one-time password");
    const given = (await page.locator("#one-time-password").textContent()) ?? "";
    expect(given).toHaveLength(20);
    await look(page, "one-time-password");
    await ben.goto(`${url}/me`);
    await signIn(ben, BEN, given);
    await heading(ben, "Set a password of your own");
    await look(ben, "set-password");
    await ben.goto(`${url}/me`);
    await heading(ben, "Set a password of your own");
    await ben.getByLabel("One-time password").fill(given);
    await ben.getByLabel("New password").fill(SECOND_ONE);
    await press(ben, "Set the password");
    await heading(ben, "You belong to Riverside School");
    const told = await arrival(BEN, "Your password was changed");
    expect(mail.arrived.some((one) => one.mail.text?.includes("lost the phone"))).toBe(true);
    expect(JSON.stringify(told)).not.toContain(given);
  }, 60_000);

  test("an address is changed by the links in both mailboxes", async () => {
    await ben.goto(`${url}/me`);
    await ben.getByRole("link", { name: "Change the address" }).click();
    await look(ben, "email");
    await ben.getByLabel("New e-mail address").fill(BEN_NEW);
    await ben.getByLabel("Your password").fill(SECOND_ONE);
    await press(ben, "Send the links");
    await ben.getByText(`Your address is to change to ${BEN_NEW}.`).waitFor();
    await look(ben, "me-pending");
    const subject = "Confirm the change of your e-mail address";
    await ben.goto(linkIn(await arrival(BEN, subject)));
    await look(ben, "email-confirm");
    await press(ben, "Confirm the change");
    await heading(ben, "One of two is confirmed");
    await look(ben, "email-waiting");
    await ben.goto(linkIn(await arrival(BEN_NEW, subject)));
    await press(ben, "Confirm the change");
    await heading(ben, "The address is changed");
    await ben.goto(`${url}/me`);
    await ben.getByText(BEN_NEW).first().waitFor();
  }, 60_000);

  test("an identity provider lets in who it vouches for, and nobody else", async () => {
    const their = await browser.newContext({ viewport: DESK });
    const cleo = await openPage(their);
    const through = async (login: string): Promise<void> => {
      await their.clearCookies();
      await cleo.goto(`${url}/sign-in?next=%2Fme`);
      await cleo.getByRole("link", { name: "Sign in through Riverside ID" }).click();
      await cleo.locator("input[name=login]").fill(login);
      await cleo.locator("input[name=password]").fill("any");
      await cleo.getByRole("button", { name: "Sign-in" }).click();
      const consent = cleo.getByRole("button", { name: "Continue" });
      await consent
        .or(cleo.getByRole("heading", { level: 1 }).first())
        .first()
        .waitFor();
      if ((await consent.count()) > 0) await consent.click();
    };
    await through("cleo");
    await heading(cleo, "You sign in through Riverside ID");
    await look(cleo, "me-provider");
    await through("dan");
    await cleo.getByText("You may not enter here.").waitFor();
    await picture(cleo, "provider-refused");
    await their.close();
  }, 60_000);

  test("whoever acts as another is told so on every page, and looks only", async () => {
    await page.goto(`${url}/operator/accounts`);
    await page.getByRole("link", { name: BEN_NEW }).click();
    await page.getByLabel("Reason").first().fill("ticket 4711");
    await press(page, "Act as Ben");
    const banner = page.locator("#banners").getByRole("complementary", { name: "Acting as another" });
    await banner.getByText(`${ADA} acts as ${BEN_NEW}`).waitFor();
    await heading(page, `${BEN_NEW} belongs to Riverside School`);
    await look(page, "acting-home");
    for (const path of ["/docs/guides/quickstart", "/me"]) {
      await page.goto(`${url}${path}`);
      await banner.getByText("may only look").waitFor();
    }
    await look(page, "acting-me");
    await page.goto(`${url}/docs/guides`);
    await look(page, "acting-guides");
    await page.goto(`${url}/me/password`);
    await page.getByText("Sign-in and security are not touched while acting as another person.").waitFor();
    await banner.waitFor();
    await press(page, "End it now");
    await heading(page, "Who can sign in here");
    expect(await banner.count()).toBe(0);
    await page.goto(`${url}/docs/guides`);
    expect(await banner.count()).toBe(0);
    const started = await arrival(BEN_NEW, "An operator acts as you");
    expect(started.mail.text).toContain("ticket 4711");
    await arrival(BEN_NEW, "The operator acts as you no longer");
  }, 60_000);

  test("all of it works without a script, but for one paste", async () => {
    const plain = await browser.newContext({ viewport: DESK, javaScriptEnabled: false });
    const at = await openPage(plain);
    await at.goto(`${url}/sign-in`);
    await picture(at, "plain-sign-in");
    expect(await at.locator(".needs-script:visible").count()).toBe(0);
    await at.getByLabel("E-mail address").fill(BEN_NEW);
    await at.getByLabel("Password").fill(SECOND_ONE);
    await at.keyboard.press("Enter");
    await heading(at, "You belong to Riverside School");
    await at.getByRole("button", { name: "Sign out" }).click();
    await at.goto(`${url}/sign-in/forgot`);
    await at.getByLabel("E-mail address").fill(BEN_NEW);
    await at.getByRole("button", { name: "Send the link" }).click();
    await heading(at, "Look into your mailbox");
    const link = linkIn(await arrival(BEN_NEW, "Set a new password"));
    await at.goto(link);
    await at.getByLabel("From the mail").fill(link);
    await picture(at, "plain-reset");
    await at.getByLabel("New password").fill(THIRD);
    await at.keyboard.press("Enter");
    await at.getByText("Your password is set.").waitFor();
    await plain.close();
  }, 60_000);

  test("a forged Host gets into no mail", async () => {
    const body = new URLSearchParams({ email: ADA }).toString();
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const before = mail.arrived.length;
    const forged = await fetch(`${url}/sign-in/forgot`, {
      method: "POST",
      body,
      headers: { ...type, host: "evil.example" },
    });
    expect(forged.status).toBe(403);
    const forwarded = await fetch(`${url}/sign-in/forgot`, {
      method: "POST",
      body,
      headers: { ...type, "x-forwarded-host": "evil.example", forwarded: "host=evil.example", origin: url },
    });
    expect(forwarded.status).toBe(200);
    await waitFor(() => mail.arrived.length > before);
    for (const { raw, mail: one } of mail.arrived) {
      expect(raw + one.text + one.html).not.toContain("evil.example");
      for (const [link] of `${one.text} ${one.html}`.matchAll(/https?:\/\/[^\s"<>]+/g)) expect(link).toStartWith(url);
    }
  }, 30_000);

  test("no page asked anything of elsewhere, and no secret stood in an address", () => {
    expect(faults).toEqual([]);
    const secrets = [FIRST, SECOND_ONE, THIRD, ...recovery].map(encodeURIComponent);
    const own = visited.filter((address) => address.startsWith(url));
    expect(own.length).toBeGreaterThan(100);
    for (const address of own) {
      expect(address).not.toMatch(/[#?&/=](?:hlt|hit)_/);
      for (const secret of secrets) expect(address).not.toContain(secret);
    }
  });
});
