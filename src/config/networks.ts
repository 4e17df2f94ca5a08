import ipaddr from "ipaddr.js";

/** A network in CIDR notation, or one address; only the canonical spellings of IPv4 (`127.1` and `0x7f.1` are refused). */
export function isCidr(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  if (rest.length > 0 || !(ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address))) return false;
  if (address.includes("%")) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (address.includes(":") ? 128 : 32);
}
