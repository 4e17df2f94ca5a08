import type { Reader, Writer } from "../../database/database.ts";
import { encodeBase62, equalBytes, sha256, sha256Hex } from "../../kernel/crypto.ts";
import { AppError } from "../../kernel/errors.ts";
import type { AccessRoom } from "./room.ts";
import { findFact, hasWorkspace, putFact, removeFact } from "./store.ts";

/** The name of the fact that holds the hash of the one-time token. */
const SETUP_TOKEN = "setup_token";
const TOKEN_BYTES = 32;
const TOKEN_WIDTH = 43;

/**
 * Makes the one-time token that claims this installation, in place of an earlier one; only its hash is kept.
 * @returns undefined where the installation is claimed already
 */
export async function createSetupToken({ context }: AccessRoom): Promise<string | undefined> {
  const token = `hst_${encodeBase62(context.chance.bytes(TOKEN_BYTES), TOKEN_WIDTH)}`;
  return context.database.write(async (writer) => {
    if (await hasWorkspace(writer)) return undefined;
    await putFact(writer, SETUP_TOKEN, sha256Hex(token));
    return token;
  });
}

/** The token of a body that nothing else is known of yet; one that is missing is as wrong as any other. */
export function tokenOf(body: unknown): string {
  if (typeof body !== "object" || body === null || !("token" in body)) return "";
  return typeof body.token === "string" ? body.token : "";
}

export async function assertSetupToken(reader: Reader, token: string): Promise<void> {
  const kept = await findFact(reader, SETUP_TOKEN);
  if (kept === undefined || !equalBytes(Buffer.from(kept, "hex"), sha256(token))) {
    throw new AppError("unauthenticated", "The set-up token is wrong or was used already.");
  }
}

export const spendSetupToken = (writer: Writer): Promise<number> => removeFact(writer, SETUP_TOKEN);
