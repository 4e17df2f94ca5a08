import * as v from "valibot";
import { leadTo } from "../../../../http/site-answer.ts";
import { parseInput } from "../../../../http/validate.ts";
import type { AppError } from "../../../../kernel/errors.ts";
import { hasPassword } from "../../passwords/hashing.ts";
import { changePassword } from "../../passwords/passwords.ts";
import { askForEmail, changeName } from "../../people/accounts/own-account.ts";
import { MailAddress } from "../../people/fields.ts";
import type { AccessRoom } from "../../room.ts";
import { GivenPassword, Name, Password } from "../../types.ts";
import { EMAIL_FIELDS, NAME_FIELDS, PASSWORD_FIELDS } from "../fields.ts";
import { show, type Visit } from "../visit.ts";
import { findOwn, sendOwn } from "./send.ts";

const NewName = v.strictObject({ name: v.optional(Name) });
const NewEmail = v.strictObject({ email: MailAddress, password: v.optional(GivenPassword) });
const NewPassword = v.strictObject({ current: GivenPassword, password: Password });
const forms = () => import("./forms.tsx");

export async function showName(room: AccessRoom, visit: Visit, name?: string, refusal?: AppError): Promise<Response> {
  const text = await (await forms()).renderName({ visit, name, refusal });
  return show(room, visit.request, text, { refusal });
}

export const sendName = (room: AccessRoom, visit: Visit): Promise<Response> =>
  sendOwn(
    visit,
    NAME_FIELDS,
    async (form) => {
      const { name } = parseInput(NewName, form);
      await changeName(room, visit.principal, name ?? null);
      return leadTo("/me");
    },
    (refusal, { name }) => showName(room, visit, name, refusal),
  );

export async function showEmail(room: AccessRoom, visit: Visit, email?: string, refusal?: AppError): Promise<Response> {
  const account = await findOwn(room, visit);
  const parts = { visit, email, refusal, hasPassword: hasPassword(account.password_hash) };
  return show(room, visit.request, await (await forms()).renderEmail(parts), { refusal });
}

export const sendEmail = (room: AccessRoom, visit: Visit): Promise<Response> =>
  sendOwn(
    visit,
    EMAIL_FIELDS,
    async (form) => {
      await askForEmail(room, visit.principal, parseInput(NewEmail, form));
      return leadTo("/me");
    },
    (refusal, { email }) => showEmail(room, visit, email, refusal),
  );

export async function showPassword(room: AccessRoom, visit: Visit, refusal?: AppError): Promise<Response> {
  return show(room, visit.request, await (await forms()).renderPassword({ visit, refusal }), { refusal });
}

export async function showMustSet(room: AccessRoom, visit: Visit, refusal?: AppError): Promise<Response> {
  if (!visit.session.mustChangePassword) return leadTo("/me/password");
  return show(room, visit.request, await (await forms()).renderMustSet({ visit, refusal }), { refusal });
}

export const sendPassword = (
  room: AccessRoom,
  visit: Visit,
  { next, again }: { readonly next: string; readonly again: typeof showPassword },
): Promise<Response> =>
  sendOwn(
    visit,
    PASSWORD_FIELDS,
    async (form) => {
      await changePassword(room, visit.principal, parseInput(NewPassword, form));
      return leadTo(next);
    },
    (refusal) => again(room, visit, refusal),
  );
