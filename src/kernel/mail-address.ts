import { domainToASCII } from "node:url";

/** Someone who writes or is written to: `Ada Lovelace <ada@example.com>`, or the address alone. */
export interface Mailbox {
  readonly name?: string;
  readonly address: string;
}

const LOCAL_BYTES_MAX = 64;
const ADDRESS_BYTES_MAX = 254;
const NAME_CHARACTERS_MAX = 100;

/** A dot-atom (RFC 5322), letters beyond ASCII included (RFC 6531). No quoted forms: nobody has one, and they smuggle. */
const LOCAL = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
/** What would end the host in a URL, or be decoded there, before it is looked at as a host. */
const NO_HOST = /[\s/?#%@:[\]\\\p{Cc}]/u;
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
/** The last label is no number: `user@127.0.0.1` is no mail domain. */
const DOMAIN = new RegExp(`^(?:${LABEL}\\.)*(?!\\d+$)${LABEL}$`);

/**
 * The one spelling of a mail address: the domain in lower case and ASCII (IDNA), the local part as it was written, in
 * NFC. Undefined where it is none.
 */
export function canonicalMailAddress(text: string): string | undefined {
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(0, at)).normalize("NFC");
  const host = text.slice(at + 1);
  if (!LOCAL.test(local) || Buffer.byteLength(local) > LOCAL_BYTES_MAX || NO_HOST.test(host)) return undefined;
  const domain = domainToASCII(host);
  const address = `${local}@${domain}`;
  return DOMAIN.test(domain) && Buffer.byteLength(address) <= ADDRESS_BYTES_MAX ? address : undefined;
}

/** What stands in one header line: no controls, no line separators, no half characters. */
export const isHeaderText = (text: string): boolean => /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u.test(text);

export const isMailboxName = (name: string): boolean =>
  name.trim() !== "" && name.length <= NAME_CHARACTERS_MAX && isHeaderText(name);

/** `Name <address>`, the name perhaps in quotes, or an address; undefined where it is neither. */
export function parseMailbox(text: string): Mailbox | undefined {
  const match = /^\s*(?:"([^"<>]*)"|([^"<>]*?))\s*<([^<>]+)>\s*$/.exec(text);
  const address = canonicalMailAddress((match?.[3] ?? text).trim());
  const name = (match?.[1] ?? match?.[2] ?? "").trim();
  if (address === undefined || (name !== "" && !isMailboxName(name))) return undefined;
  return name === "" ? { address } : { name, address };
}

export const showMailbox = ({ name, address }: Mailbox): string =>
  name === undefined ? address : `${name} <${address}>`;
