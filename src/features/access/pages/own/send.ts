import { answerForm, leadTo } from "../../../../http/site-answer.ts";
import { type Form, readOwnForm } from "../../../../http/site-form.ts";
import { type AppError, notFound } from "../../../../kernel/errors.ts";
import type { AccessRoom } from "../../room.ts";
import { type AccountRow, findAccount } from "../../sign-in/store.ts";
import type { Visit } from "../visit.ts";

export async function findOwn(room: AccessRoom, { principal }: Visit): Promise<AccountRow> {
  const account = await room.context.database.read((reader) => findAccount(reader, principal.accountId));
  if (!account) throw notFound("The account");
  return account;
}

/** A form of whoever is signed in: what it does, and the page that comes back where it was refused. */
export function sendOwn<F extends string>(
  visit: Visit,
  fields: readonly F[],
  work: (form: Form<F>) => Promise<Response>,
  again: (refusal: AppError, form: Form<F>) => Promise<Response>,
): Promise<Response> {
  let form = {} as Form<F>;
  return answerForm(
    visit.request,
    async () => {
      form = await readOwnForm(visit.request, fields);
      return work(form);
    },
    (refusal) => again(refusal, form),
  );
}

/** Forms that are nothing but a button: a refusal of theirs is a page of its own. */
export async function press<F extends string>(
  visit: Visit,
  fields: readonly F[],
  work: (form: Form<F>) => Promise<unknown>,
): Promise<Response> {
  await work(await readOwnForm(visit.request, fields));
  return leadTo("/me");
}
