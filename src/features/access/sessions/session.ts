import type { Context } from "../../../context.ts";
import type { Writer } from "../../../database/database.ts";
import { encodeBase62, sha256Hex } from "../../../kernel/crypto.ts";
import type { Id } from "../../../kernel/ids.ts";
import { addMs, DAY, MINUTE, SECOND, type UnixMs } from "../../../kernel/units.ts";
import type { TokenSigning } from "../tokens/signing.ts";
import type { LiveSessions } from "./live-sessions.ts";
import {
  endSession,
  findLiveSession,
  findSessionOfRefresh,
  insertSession,
  renewSession,
  type SessionRow,
} from "./store.ts";

const TOKEN_LASTS_MS = 15 * MINUTE;
/** A session that is not used for so long is over … */
const UNUSED_MAX_MS = 7 * DAY;
/** … and so is one that is this old, however much it was used. */
const AGE_MAX_MS = 30 * DAY;
const REFRESH_BYTES = 32;
const REFRESH_WIDTH = 43;
const DEVICE_CHARACTERS_MAX = 200;

type Making = Pick<Context, "chance" | "ids" | "clock" | "database">;

export interface MadeSession {
  readonly id: Id<"ses">;
  readonly token: string;
  readonly refresh: string;
  readonly keptSeconds: number;
}

const makeRefresh = ({ chance }: Pick<Context, "chance">): string =>
  `hrt_${encodeBase62(chance.bytes(REFRESH_BYTES), REFRESH_WIDTH)}`;

/** The row of a new session, in the transaction of the sign-in; its token is signed after the commit. */
export async function beginSession(
  context: Pick<Context, "chance" | "ids">,
  writer: Writer,
  account: { readonly id: Id<"acc">; readonly epoch: number },
  how: {
    readonly method: SessionRow["method"];
    readonly factor: boolean;
    readonly device: string | null;
    readonly address: string | null;
  },
): Promise<{ readonly id: Id<"ses">; readonly accountId: Id<"acc">; readonly refresh: string }> {
  const id = context.ids.next("ses");
  const refresh = makeRefresh(context);
  await insertSession(writer, {
    id,
    account_id: account.id,
    refresh_hash: sha256Hex(refresh),
    account_epoch: account.epoch,
    method: how.method,
    factor: how.factor ? 1 : 0,
    device: how.device?.slice(0, DEVICE_CHARACTERS_MAX) ?? null,
    address: how.address,
    expires_at: addMs(writer.now, UNUSED_MAX_MS),
  });
  return { id, accountId: account.id, refresh };
}

/** What the browser is given of a session. */
export async function signSession(
  signing: TokenSigning,
  { clock }: Pick<Context, "clock">,
  { id, accountId, refresh }: { readonly id: Id<"ses">; readonly accountId: Id<"acc">; readonly refresh: string },
): Promise<MadeSession> {
  const token = await signing.sign("session", { sid: id, sub: accountId }, addMs(clock.now(), TOKEN_LASTS_MS));
  return { id, token, refresh, keptSeconds: UNUSED_MAX_MS / 1_000 };
}

/** Two tabs may renew at the same moment with the same token. */
const TWIN_MS = 30 * SECOND;
const REUSED = "an old refresh token came back";

/** What a browser gets for its refresh token; `refresh` is absent where a twin request has taken the next one. */
export type Renewed = Omit<MadeSession, "refresh"> & { readonly refresh: string | undefined };

/**
 * A refresh token is good once. Where one comes back after its successor was used, somebody has a copy of it: the session
 * ends for both. Undefined where the session is over.
 */
export async function refreshSession(
  room: { readonly context: Making; readonly signing: TokenSigning; readonly sessions: LiveSessions },
  refresh: string,
  address: string | null,
): Promise<Renewed | undefined> {
  const { context, signing, sessions } = room;
  const hash = sha256Hex(refresh);
  const next = makeRefresh(context);
  const renewed = await context.database.write(async (writer) => {
    const found = await findSessionOfRefresh(writer, hash);
    const row = found && (await findLiveSession(writer, found.id, writer.now));
    if (!row) return undefined;
    const made = { id: row.id, accountId: row.account_id };
    if (found.refresh_hash !== hash) {
      if (addMs(found.refreshed_at ?? writer.now, TWIN_MS) >= writer.now) return { ...made, refresh: undefined };
      await endSession(writer, row.account_id, row.id, REUSED);
      writer.afterCommit(() => sessions.forget());
      return undefined;
    }
    const expiresAt = Math.min(addMs(writer.now, UNUSED_MAX_MS), addMs(row.created_at, AGE_MAX_MS)) as UnixMs;
    await renewSession(writer, { id: row.id, oldHash: hash, newHash: sha256Hex(next), address, expiresAt });
    writer.afterCommit(() => sessions.forget());
    return { ...made, refresh: next };
  });
  if (!renewed) return undefined;
  const { refresh: _signed, ...session } = await signSession(signing, context, { ...renewed, refresh: "" });
  return { ...session, refresh: renewed.refresh };
}
