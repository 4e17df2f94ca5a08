import * as v from "valibot";
import type { App } from "../app.ts";
import { BUILD } from "../config/build.ts";
import { CreateKey, type IssuedKey, type Key, SetUp } from "../features/access/index.ts";
import { parseInput } from "../http/validate.ts";
import { isoTime } from "../kernel/clock.ts";
import { AppError, notFound, validationFailed } from "../kernel/errors.ts";
import { type Id, isId } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { OperatorPrincipal } from "../kernel/principal.ts";
import { addMs, parseDuration, type UnixMs } from "../kernel/units.ts";
import { inventoryOf } from "./access-view.ts";
import { findEnvironment, matchEnvironments, Place, Places } from "./find-environment.ts";
import { noteAuditExport, signCheckpoint } from "./operations-audit.ts";
import { inspectCredential, rotateTokenKey } from "./operations-credentials.ts";
import { encryptionProgress, encryptionStatus, rotateRootKey } from "./operations-encryption.ts";
import { listMails, retryMails, showMail, testMail } from "./operations-mail.ts";
import { listAccounts, listWorkspaces, openWorkspace, resetPassword, unlockAccount } from "./operations-people.ts";
import { applyOperation, compareOperation } from "./operations-program.ts";

/** What a command does to an installation; runs in the server where one runs, else in the command's own process. */
export type Operation = (app: App, principal: OperatorPrincipal, input: JsonObject) => Promise<JsonObject>;

const KEYS_PER_PAGE = 200;

const nullable = v.nullable(v.string());
const CreateInput = v.object({ ...Place.entries, name: v.string(), scopes: v.array(v.string()), expires: nullable });
const RotateInput = v.object({ key: v.string(), overlap: nullable });
const RevokeInput = v.object({ key: v.string() });

const timeOrNull = (at: UnixMs | undefined): string | null => (at === undefined ? null : isoTime(at));

function statusOf({ revokedAt, expiresAt }: Key, now: UnixMs): "active" | "revoked" | "expired" {
  if (revokedAt !== undefined) return "revoked";
  return expiresAt !== undefined && expiresAt <= now ? "expired" : "active";
}

const keyView = (key: Key, now: UnixMs): JsonObject => ({
  id: key.id,
  environment: key.environmentId,
  name: key.name,
  status: statusOf(key, now),
  scopes: key.scopes,
  createdBy: key.createdBy,
  createdAt: isoTime(key.createdAt),
  expiresAt: timeOrNull(key.expiresAt),
  revokedAt: timeOrNull(key.revokedAt),
  lastUsedAt: timeOrNull(key.lastUsedAt),
  prefixes: key.secrets.map(({ prefix }) => prefix),
});

const issuedView = ({ key, secretKey }: IssuedKey, now: UnixMs): JsonObject => ({ ...keyView(key, now), secretKey });

async function* walkKeys({ access }: App, environmentId: Id<"env">): AsyncGenerator<Key> {
  let page = await access.listKeys(environmentId, { limit: KEYS_PER_PAGE });
  for (;;) {
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < KEYS_PER_PAGE) return;
    page = await access.listKeys(environmentId, { before: last.id, limit: KEYS_PER_PAGE });
  }
}

/** Keys are looked for in every environment: the operator stands above them. */
async function findKeyPlace(app: App, key: string): Promise<{ environmentId: Id<"env">; keyId: Id<"key"> }> {
  if (!isId("key", key)) throw validationFailed([{ path: "key", message: "Expected an id such as key_01jd8m3v6z…" }]);
  for (const { id: environmentId } of await app.access.listEnvironments()) {
    for await (const { id: keyId } of walkKeys(app, environmentId)) if (keyId === key) return { environmentId, keyId };
  }
  throw notFound("The key");
}

function endOf(expires: string | null, now: UnixMs): { readonly expiresAt?: string } {
  if (expires === null) return {};
  const duration = parseDuration(expires);
  if (!duration) throw validationFailed([{ path: "expires", message: 'Expected a duration such as "90d".' }]);
  return { expiresAt: isoTime(addMs(now, duration)) };
}

async function setUp(app: App, principal: OperatorPrincipal, input: JsonObject): Promise<JsonObject> {
  if (app.access.isClaimed()) {
    throw new AppError("conflict", "This installation is set up already.", {
      hint: "`hatch keys create` makes a key.",
    });
  }
  const { workspace, environments, account } = await app.access.setUp(principal, parseInput(SetUp, input));
  const { live, test } = environments;
  return { workspace, environments: { live: { ...live }, test: { ...test } }, account };
}

async function createKey(app: App, principal: OperatorPrincipal, input: JsonObject): Promise<JsonObject> {
  const wanted = parseInput(CreateInput, input);
  const { id: environmentId } = await findEnvironment(app, wanted);
  const now = app.context.clock.now();
  const key = parseInput(CreateKey, {
    name: wanted.name,
    ...(wanted.scopes.length === 0 ? {} : { scopes: wanted.scopes }),
    ...endOf(wanted.expires, now),
  });
  return issuedView(await app.access.createKey(principal, { ...key, environmentId }), now);
}

async function listKeys(app: App, _principal: OperatorPrincipal, input: JsonObject): Promise<JsonObject> {
  const environments = await matchEnvironments(app, parseInput(Places, input));
  if (environments.length === 0) throw notFound("The environment");
  const now = app.context.clock.now();
  const keys: JsonObject[] = [];
  for (const { id, kind, workspaceName } of environments) {
    for await (const key of walkKeys(app, id)) keys.push({ ...keyView(key, now), kind, workspace: workspaceName });
  }
  return { keys };
}

async function rotateKey(app: App, principal: OperatorPrincipal, input: JsonObject): Promise<JsonObject> {
  const { key, overlap } = parseInput(RotateInput, input);
  const place = await findKeyPlace(app, key);
  const issued = await app.access.rotateKey(principal, { ...place, ...(overlap === null ? {} : { overlap }) });
  return issuedView(issued, app.context.clock.now());
}

async function revokeKey(app: App, principal: OperatorPrincipal, input: JsonObject): Promise<JsonObject> {
  const place = await findKeyPlace(app, parseInput(RevokeInput, input).key);
  return keyView(await app.access.revokeKey(principal, place), app.context.clock.now());
}

/** Where it listens on every address, loopback is one of them. */
const reachableFromHere = (address: string): string =>
  address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");

/** What a running server says of itself. */
const tellStatus: Operation = async ({ access, address, claimant, context: { config } }) => ({
  pid: process.pid,
  version: BUILD.version,
  claimant,
  // A certificate is for a name, not for this machine's address.
  url: (config.tls && config.server.publicUrl) ?? reachableFromHere(address()),
  claimed: access.isClaimed(),
});

const tellInventory: Operation = async ({ routes }) => ({ ...inventoryOf(routes) });

export const OPERATIONS = {
  "access.inventory": tellInventory,
  status: tellStatus,
  setup: setUp,
  "keys.create": createKey,
  "keys.list": listKeys,
  "keys.rotate": rotateKey,
  "keys.revoke": revokeKey,
  "credentials.inspect": inspectCredential,
  "tokens.rotate": rotateTokenKey,
  "accounts.list": listAccounts,
  "accounts.unlock": unlockAccount,
  "accounts.resetPassword": resetPassword,
  "workspaces.list": listWorkspaces,
  "workspaces.create": openWorkspace,
  "mail.list": listMails,
  "mail.show": showMail,
  "mail.retry": retryMails,
  "mail.test": testMail,
  "encryption.rotate": rotateRootKey,
  "encryption.progress": encryptionProgress,
  "encryption.status": encryptionStatus,
  "audit.checkpoint": signCheckpoint,
  "audit.export": noteAuditExport,
  "program.compare": compareOperation,
  "program.apply": applyOperation,
} as const satisfies Readonly<Record<string, Operation>>;
export type OperationName = keyof typeof OPERATIONS;

const isOperation = (name: string): name is OperationName => Object.hasOwn(OPERATIONS, name);

/** Whoever can write to the data folder operates the installation. */
export const operatorOf = ({ context }: App): OperatorPrincipal => ({
  kind: "operator",
  request: { id: context.ids.next("req") },
});

/** For the control socket. */
export const answerOperation =
  (app: App) =>
  async (name: string, input: JsonObject): Promise<JsonObject> => {
    if (!isOperation(name)) throw new AppError("not_found", "The server does not know this command; is it older?");
    return OPERATIONS[name](app, operatorOf(app), input);
  };
