import type { Context } from "../../../context.ts";
import type { Writer } from "../../../database/database.ts";
import type { SealedPlace } from "../../../kernel/crypto.ts";
import type { ErrorDetail } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import { insertSecret } from "./store.ts";

const MADE_BYTES = 32;
const CHARACTERS_MIN = 32;
/** A hex digit carries half of what a base64 character does. */
const HEX_CHARACTERS_MIN = 64;
const CHARACTERS_MAX = 256;
const PREFIX = "whsec_";

/** @param prefix of the subscription's own; else the installation's */
export const makeSecret = (context: Pick<Context, "chance" | "config">, prefix: string | null = null): string =>
  `${prefix ?? context.config.webhooks.secretPrefix}${Buffer.from(context.chance.bytes(MADE_BYTES)).toString("base64")}`;

/** What is wrong with a secret that a caller brings; never quotes it. */
export function secretFaults(secret: string): ErrorDetail[] {
  const own = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  const fault = (message: string): ErrorDetail[] => [{ path: "secret", message }];
  if (!/^[\x21-\x7e]*$/.test(secret)) return fault("Must be printable ASCII without spaces.");
  if (secret.length > CHARACTERS_MAX) return fault(`Must have at most ${CHARACTERS_MAX} characters.`);
  if (secret.length < CHARACTERS_MIN) return fault(`Must have at least ${CHARACTERS_MIN} characters.`);
  if (/^[0-9a-f]*$/i.test(own) && own.length < HEX_CHARACTERS_MIN) {
    return fault(`A secret of hex digits must have at least ${HEX_CHARACTERS_MIN} of them (256 bits).`);
  }
  return [];
}

export const secretPlace = (id: string): SealedPlace => ({ table: "subscription_secrets", column: "sealed", row: id });
export const headersPlace = (id: Id<"sub">): SealedPlace => ({
  table: "subscriptions",
  column: "headers_sealed",
  row: id,
});

/** Keeps a secret sealed to its row. */
export async function storeSecret(
  context: Pick<Context, "ids" | "keyring">,
  writer: Writer,
  subscriptionId: Id<"sub">,
  secret: string,
): Promise<void> {
  const id = context.ids.uuid();
  await insertSecret(writer, { id, subscriptionId, sealed: context.keyring.seal(secretPlace(id), secret) });
}
