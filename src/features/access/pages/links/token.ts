import * as v from "valibot";
import { Token } from "../../people/fields.ts";

export const Link = v.strictObject({ token: Token });

/** People paste the whole link, where they are asked for its end. */
export function withToken<F extends { readonly token?: string }>(form: F): F {
  const { token } = form;
  return token === undefined ? form : { ...form, token: token.slice(token.lastIndexOf("#") + 1).trim() };
}
