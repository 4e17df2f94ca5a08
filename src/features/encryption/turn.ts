import { type RootKey, replaceRootKeyFile } from "../../config/root-key.ts";
import type { Context } from "../../context.ts";
import { findCanaries, turnCanary } from "../../database/canary.ts";
import { assert } from "../../kernel/assert.ts";
import { keyIdOf, sealedBy } from "../../kernel/crypto.ts";
import { AppError } from "../../kernel/errors.ts";
import { findRotation } from "./store.ts";

const BY_RESTART =
  "Start the server with another key as WEBHOOK_ENCRYPTION_KEY (openssl rand -base64 32) and today's as WEBHOOK_ENCRYPTION_KEY_PREVIOUS, or both by …_FILE: that begins the rotation.";

/**
 * Has another key seal from here on: first the files, then the database, then this process, so that a start finds
 * every key that it needs, whenever the machine stops. @returns false where the start did all that already
 * @throws AppError `conflict` where the key is given from outside: only who gives it can give another
 */
export async function turnRootKey(context: Context, found: RootKey | undefined): Promise<boolean> {
  const { chance, config, database, keyring } = context;
  const canaries = await database.read(findCanaries);
  assert(canaries !== undefined, "an open installation is sealed");
  if (found && !found.isOurs && (await wasTurnedByStart(context, found))) return false;
  if (!found?.isOurs) {
    const message = "The root key is not a file of Hatch's: another one is given to it from outside.";
    throw new AppError("conflict", message, { hint: BY_RESTART });
  }
  const { keyId: id } = keyring;
  const next = isInUse(found, id) ? replaceRootKeyFile(config.dataDirectory, { key: found.key, id }, chance) : found;
  // A try before may have come as far as this without learning of it.
  if (sealedBy(canaries.canary) !== keyIdOf(next.key)) {
    await database.write((writer) => turnCanary(writer, { rootKey: next.key, canaries, chance }));
  }
  keyring.turnTo(next.key);
  return true;
}

/** Started with both keys, the rotation may be over before anybody asks for it. */
async function wasTurnedByStart({ database, keyring }: Context, { former }: RootKey): Promise<boolean> {
  const last = await database.read(findRotation);
  return former.length > 0 && last?.to === keyring.keyId;
}

/** False where a try before put the next key in place, and came no further. */
function isInUse(found: RootKey, keyId: string): boolean {
  if (keyIdOf(found.key) === keyId) return true;
  if (found.former.some(({ key }) => keyIdOf(key) === keyId)) return false;
  throw new AppError("conflict", `${found.source} is not the key that is in use.`, {
    hint: "Put back the one that the server was started with.",
  });
}
