import * as v from "valibot";
import { notFound } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import { canonicalMailAddress } from "../../../kernel/mail-address.ts";
import { Email } from "../types.ts";

/** An address that mails can go to. */
export const MailAddress = v.pipe(
  Email,
  v.check((text) => canonicalMailAddress(text) !== undefined, "Must be an e-mail address."),
);

export const Token = v.pipe(v.string(), v.maxLength(200));

export function accountIdOf(text: string, what = "The account"): Id<"acc"> {
  if (!isId("acc", text)) throw notFound(what);
  return text;
}
