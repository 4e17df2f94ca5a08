import * as client from "openid-client";
import type { OidcSettings } from "../../../config/oidc.ts";
import type { Context } from "../../../context.ts";
import { AppError } from "../../../kernel/errors.ts";
import { durationMs, HOUR, SECOND } from "../../../kernel/units.ts";
import type { AddressPolicy } from "../../../outbound/outbound.ts";

/** What the provider says of a person. */
export interface Claims {
  readonly subject: string;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  readonly name: string | undefined;
  readonly groups: readonly string[];
}

export interface Vouched {
  readonly claims: Claims;
  readonly refreshToken: string | undefined;
}

/** What belongs to one sign-in, kept by the browser that began it. */
export interface Attempt {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly next: string;
}

const TIMEOUT = durationMs(10 * SECOND);
const ANSWER_BYTES_MAX = 256 * 1_024;
const KEPT_MS = HOUR;
const SCOPE = "openid email profile offline_access";

/** The operator named it: it may lie in any network of theirs. */
const ANYWHERE: AddressPolicy = {
  allowNetworks: ["0.0.0.0/0", "::/0"],
  allowLoopback: true,
  namedByOperator: true,
};

type Room = Pick<Context, "outbound" | "config" | "clock">;

/** Requests of the library go out by the one way there is; to other hosts than the issuer's like any webhook. */
const fetchBy =
  ({ outbound, config }: Room, issuer: string): client.CustomFetch =>
  async (url, { method, headers, body }) => {
    const isIssuers = new URL(url).origin === new URL(issuer).origin;
    const result = await outbound.send({
      url,
      method: method === "POST" ? "POST" : "GET",
      headers,
      body: body === undefined || body === null ? "" : String(body),
      timeout: TIMEOUT,
      policy: isIssuers ? ANYWHERE : { allowNetworks: config.webhooks.allowNetworks, allowLoopback: false },
      answerBytesMax: ANSWER_BYTES_MAX,
    });
    if (result.kind === "failed") {
      throw new AppError("unavailable", `The identity provider can't be reached: ${result.message}`);
    }
    return new Response(new Uint8Array(result.body), { status: result.status, headers: { ...result.headers } });
  };

/** The provider of the settings. What it says of itself is read at the first sign-in and once an hour. */
export class Provider {
  readonly #room: Room;
  readonly #settings: OidcSettings;
  readonly #secret: string | undefined;
  #configuration: { readonly found: Promise<client.Configuration>; readonly at: number } | undefined;

  constructor(room: Room, settings: OidcSettings, secret: string | undefined) {
    this.#room = room;
    this.#settings = settings;
    this.#secret = secret;
  }

  get settings(): OidcSettings {
    return this.#settings;
  }

  /** Where the browser goes, and what has to come back with it (RFC 7636, OpenID Connect Core 1.0). */
  async begin(next: string): Promise<{ readonly url: string; readonly attempt: Attempt }> {
    const configuration = await this.#find();
    const attempt = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      next,
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#redirectUri(),
      scope: SCOPE,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: "S256",
    });
    return { url: url.href, attempt };
  }

  /** @param query of the address that the provider sent the browser back to */
  async finish(query: string, { state, nonce, verifier }: Attempt): Promise<Vouched> {
    const configuration = await this.#find();
    const url = new URL(`${this.#redirectUri()}${query}`);
    const tokens = await client.authorizationCodeGrant(configuration, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    return this.#read(configuration, tokens);
  }

  /** Asks whether the provider still vouches for a person. Undefined where it does not. */
  async check(refreshToken: string, subject: string): Promise<Vouched | undefined> {
    const configuration = await this.#find();
    try {
      const tokens = await client.refreshTokenGrant(configuration, refreshToken);
      const vouched = await this.#read(configuration, tokens, subject);
      return { ...vouched, refreshToken: vouched.refreshToken ?? refreshToken };
    } catch (error) {
      if (error instanceof client.ResponseBodyError && error.error === "invalid_grant") return undefined;
      throw error;
    }
  }

  async #read(
    configuration: client.Configuration,
    tokens: Awaited<ReturnType<typeof client.authorizationCodeGrant>>,
    knownSubject?: string,
  ): Promise<Vouched> {
    const token = tokens.claims();
    const subject = token?.sub ?? knownSubject;
    if (subject === undefined) throw new AppError("unauthenticated", "The identity provider did not say who it is.");
    // The ID token may leave out what the user info has; the latter is asked for where there is such a place.
    const info =
      configuration.serverMetadata().userinfo_endpoint === undefined
        ? {}
        : await client.fetchUserInfo(configuration, tokens.access_token, subject);
    const said: Readonly<Record<string, unknown>> = { ...token, ...info };
    const groups = said[this.#settings.groupsClaim];
    return {
      claims: {
        subject,
        email: typeof said.email === "string" ? said.email : undefined,
        emailVerified: said.email_verified === true,
        name: typeof said.name === "string" ? said.name : undefined,
        groups: Array.isArray(groups) ? groups.filter((group) => typeof group === "string") : [],
      },
      refreshToken: tokens.refresh_token,
    };
  }

  #redirectUri(): string {
    return `${this.#room.config.server.publicUrl ?? ""}/v1/auth/oidc/callback`;
  }

  #find(): Promise<client.Configuration> {
    const now = this.#room.clock.monotonic();
    if (this.#configuration && now - this.#configuration.at < KEPT_MS) return this.#configuration.found;
    const found = this.#discover();
    this.#configuration = { found, at: now };
    found.catch(() => {
      this.#configuration = undefined;
    });
    return found;
  }

  async #discover(): Promise<client.Configuration> {
    const { issuer, clientId } = this.#settings;
    const url = new URL(issuer);
    const authentication = this.#secret === undefined ? client.None() : client.ClientSecretBasic(this.#secret);
    const configuration = await client.discovery(url, clientId, undefined, authentication, {
      [client.customFetch]: fetchBy(this.#room, issuer),
      // The settings allow plain http on this machine only.
      execute: url.protocol === "http:" ? [client.allowInsecureRequests] : [],
      timeout: TIMEOUT / 1_000,
    });
    configuration[client.customFetch] = fetchBy(this.#room, issuer);
    return configuration;
  }
}
