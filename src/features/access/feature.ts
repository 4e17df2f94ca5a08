import type { Context } from "../../context.ts";
import type { Feature } from "../../feature.ts";
import type { Authenticate } from "../../http/exchange.ts";
import type { OutboundEventType } from "../../kernel/catalogue.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Principal } from "../../kernel/principal.ts";
import { createAuthenticate } from "./authenticate.ts";
import { createKey } from "./create-key.ts";
import { createWorkspace } from "./create-workspace.ts";
import { examineAccess } from "./examine.ts";
import { purgeRefusedRequestsJob } from "./jobs.ts";
import { KeyCache } from "./key-cache.ts";
import { LastUse } from "./last-use.ts";
import { revokeKey } from "./revoke-key.ts";
import type { AccessRoom } from "./room.ts";
import { rotateKey } from "./rotate-key.ts";
import { createAccessRoutes } from "./routes.ts";
import { assertMaySetUp, setUp } from "./set-up.ts";
import { createSetupToken } from "./setup-token.ts";
import { hasWorkspace, listEnvironments, listKeys } from "./store.ts";
import type {
  CreateKey,
  CreateWorkspace,
  Environment,
  IssuedKey,
  Key,
  NewInstallation,
  NewWorkspace,
  RotateKey,
  SetUp,
} from "./types.ts";

interface KeyPlace {
  readonly environmentId: Id<"env">;
}

/** What app.ts and the command line use of this room. */
export interface Access {
  readonly feature: Feature;
  readonly authenticate: Authenticate;
  /** Whether the installation has a workspace; true from the moment its making is on the disk. */
  isClaimed(): boolean;
  /** Makes the one-time token anew; undefined where the installation is claimed. */
  createSetupToken(): Promise<string | undefined>;
  /** Refuses whoever may not set up: before anything else is said of what they sent. */
  assertMaySetUp(token: string): Promise<void>;
  setUp(principal: Principal, input: SetUp & { readonly token?: string }): Promise<NewInstallation>;
  createWorkspace(principal: Principal, input: CreateWorkspace): Promise<NewWorkspace>;
  listEnvironments(): Promise<readonly Environment[]>;
  /** Newest first. */
  listKeys(
    environmentId: Id<"env">,
    page: { readonly before?: string; readonly limit: number },
  ): Promise<readonly Key[]>;
  createKey(principal: Principal, input: CreateKey & KeyPlace): Promise<IssuedKey>;
  rotateKey(principal: Principal, input: RotateKey & KeyPlace & { readonly keyId: Id<"key"> }): Promise<IssuedKey>;
  revokeKey(principal: Principal, input: KeyPlace & { readonly keyId: Id<"key"> }): Promise<Key>;
}

const KEY_ROTATED: OutboundEventType = {
  name: "key.rotated",
  family: "operations",
  description: "A secret key got a new secret; the old one ends with the overlap.",
  schema: {
    type: "object",
    required: ["keyId", "name", "oldSecretEndsAt"],
    properties: {
      keyId: { type: "string" },
      name: { type: "string" },
      oldSecretEndsAt: { type: "string", format: "date-time" },
    },
    additionalProperties: false,
  },
  example: { keyId: "key_01m7wz1p4kf0g8t2d9xq5n3rcb", name: "Backend", oldSecretEndsAt: "2026-11-21T18:04:00.000Z" },
};

/** What this room announces, for the catalogue. */
export const ACCESS_EVENTS: readonly OutboundEventType[] = [KEY_ROTATED];

/**
 * Opens the room over a migrated database. `onClaimed` is called once, after the commit that made the first workspace:
 * the one-time token's file can go.
 */
export async function createAccess(context: Context, onClaimed: () => void = () => {}): Promise<Access> {
  let isClaimed = await context.database.read(hasWorkspace);
  const claimed = (): void => {
    if (isClaimed) return;
    isClaimed = true;
    onClaimed();
  };
  const room: AccessRoom = { context, cache: new KeyCache(), claimed };
  const lastUse = new LastUse(context);
  return {
    feature: {
      name: "access",
      routes: (guard) => createAccessRoutes(room, guard),
      jobs: [purgeRefusedRequestsJob],
      emits: ACCESS_EVENTS,
      stop: () => lastUse.flush(),
      examine: examineAccess,
    },
    authenticate: createAuthenticate(room, lastUse),
    isClaimed: () => isClaimed,
    createSetupToken: () => createSetupToken(room),
    assertMaySetUp: (token) => assertMaySetUp(room, token),
    setUp: (principal, input) => setUp(room, principal, input),
    createWorkspace: (principal, input) => createWorkspace(room, principal, input),
    listEnvironments: () => context.database.read(listEnvironments),
    listKeys: (environmentId, { before, limit }) =>
      context.database.read((reader) => listKeys(reader, environmentId, { before, limit, now: context.clock.now() })),
    createKey: (principal, input) => createKey(room, principal, input),
    rotateKey: (principal, input) => rotateKey(room, principal, input),
    revokeKey: (principal, input) => revokeKey(room, principal, input),
  };
}
