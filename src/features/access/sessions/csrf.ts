import type { Keyring } from "../../../kernel/crypto.ts";
import { hmacSha256 } from "../../../kernel/crypto.ts";
import type { Id } from "../../../kernel/ids.ts";

/** What a page of ours proves itself with besides its cookie: nobody else's page can read it. */
export const csrfOf = (keyring: Keyring, sessionId: Id<"ses">): string =>
  Buffer.from(hmacSha256(keyring.keyFor("tokens"), `csrf:${sessionId}`)).toString("base64url");
