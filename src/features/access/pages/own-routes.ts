import { Elysia } from "elysia";
import * as v from "valibot";
import type { Guard } from "../../../http/guard.ts";
import { answerForm, leadTo } from "../../../http/site-answer.ts";
import { type Form, readOwnForm } from "../../../http/site-form.ts";
import { parseInput } from "../../../http/validate.ts";
import { type AppError, notFound, validationFailed } from "../../../kernel/errors.ts";
import { isId } from "../../../kernel/ids.ts";
import { hasPassword } from "../passwords/hashing.ts";
import { changePassword } from "../passwords/passwords.ts";
import { askForEmail, changeName, dropEmailChange, readOwnEmail } from "../people/accounts/own-account.ts";
import { MailAddress } from "../people/fields.ts";
import type { AccessRoom } from "../room.ts";
import { confirmFactor, findOfferedFactor, offerFactor, removeFactor } from "../second-factor/second-factor.ts";
import { countRecoveryCodes } from "../second-factor/store.ts";
import { endOneSession, endOtherSessions } from "../sessions/end-session.ts";
import { listSessions } from "../sessions/store.ts";
import { type AccountRow, findAccount } from "../sign-in/store.ts";
import { GivenPassword, Name, Password } from "../types.ts";
import {
  CONFIRM_FACTOR_FIELDS,
  EMAIL_FIELDS,
  NAME_FIELDS,
  PASSWORD_FIELDS,
  REMOVE_FACTOR_FIELDS,
  SESSION_FIELDS,
} from "./fields.ts";
import type { OwnAccount } from "./own.tsx";
import { ownPage, securityPage } from "./rules.ts";
import { mustSetPassword, show, type Visit, visitOf } from "./visit.ts";

const NewName = v.strictObject({ name: v.optional(Name) });
const NewEmail = v.strictObject({ email: MailAddress, password: v.optional(GivenPassword) });
const NewPassword = v.strictObject({ current: GivenPassword, password: Password });
const forms = () => import("./own-forms.tsx");

type Shown = (visit: Visit) => Promise<Response>;

async function findOwn(room: AccessRoom, { principal }: Visit): Promise<AccountRow> {
  const account = await room.context.database.read((reader) => findAccount(reader, principal.accountId));
  if (!account) throw notFound("The account");
  return account;
}

async function readOwn(room: AccessRoom, visit: Visit): Promise<OwnAccount> {
  const { accountId } = visit.principal;
  const { context } = room;
  const account = await findOwn(room, visit);
  const shown = {
    email: account.email,
    name: account.name,
    hasPassword: hasPassword(account.password_hash),
    hasFactor: account.totp_confirmed_at !== null,
  };
  if (visit.session.acting) return { ...shown, recoveryCodes: 0, pending: undefined, sessions: [] };
  const { pending } = await readOwnEmail(room, visit.principal);
  return context.database.read(async (reader) => ({
    ...shown,
    pending,
    recoveryCodes: await countRecoveryCodes(reader, accountId),
    sessions: await listSessions(reader, accountId, context.clock.now()),
  }));
}

async function showOwn(room: AccessRoom, visit: Visit): Promise<Response> {
  const { renderOwn } = await import("./own.tsx");
  const { oidc } = room.context.config;
  const account = await readOwn(room, visit);
  const text = await renderOwn({ visit, account, providerName: oidc?.name, now: room.context.clock.now() });
  return show(room, visit.request, text);
}

/** A form of whoever is signed in: what it does, and the page that comes back where it was refused. */
function sendOwn<F extends string>(
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

async function showName(room: AccessRoom, visit: Visit, name?: string, refusal?: AppError): Promise<Response> {
  const text = await (await forms()).renderName({ visit, name, refusal });
  return show(room, visit.request, text, { refusal });
}

const sendName = (room: AccessRoom, visit: Visit): Promise<Response> =>
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

async function showEmail(room: AccessRoom, visit: Visit, email?: string, refusal?: AppError): Promise<Response> {
  const account = await findOwn(room, visit);
  const parts = { visit, email, refusal, hasPassword: hasPassword(account.password_hash) };
  return show(room, visit.request, await (await forms()).renderEmail(parts), { refusal });
}

const sendEmail = (room: AccessRoom, visit: Visit): Promise<Response> =>
  sendOwn(
    visit,
    EMAIL_FIELDS,
    async (form) => {
      await askForEmail(room, visit.principal, parseInput(NewEmail, form));
      return leadTo("/me");
    },
    (refusal, { email }) => showEmail(room, visit, email, refusal),
  );

async function showPassword(room: AccessRoom, visit: Visit, refusal?: AppError): Promise<Response> {
  return show(room, visit.request, await (await forms()).renderPassword({ visit, refusal }), { refusal });
}

async function showMustSet(room: AccessRoom, visit: Visit, refusal?: AppError): Promise<Response> {
  if (!visit.session.mustChangePassword) return leadTo("/me/password");
  return show(room, visit.request, await (await forms()).renderMustSet({ visit, refusal }), { refusal });
}

const sendPassword = (
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

async function showFactor(room: AccessRoom, visit: Visit, refusal?: AppError): Promise<Response> {
  const account = await findOwn(room, visit);
  const { renderFactorBegin, renderFactorRemoval } = await forms();
  const parts = { visit, refusal };
  const text =
    account.totp_confirmed_at === null
      ? await renderFactorBegin(parts)
      : await renderFactorRemoval({ ...parts, hasPassword: hasPassword(account.password_hash) });
  return show(room, visit.request, text, { refusal });
}

/** A secret is shown in answer to this and not kept on any page: whoever comes back begins anew. */
const beginFactor = (room: AccessRoom, visit: Visit): Promise<Response> =>
  sendOwn(
    visit,
    [],
    async () => {
      const offer = await offerFactor(room, visit.principal);
      return show(room, visit.request, await (await forms()).renderFactorOffer({ visit, offer }));
    },
    (refusal) => showFactor(room, visit, refusal),
  );

const sendFactor = (room: AccessRoom, visit: Visit): Promise<Response> =>
  sendOwn(
    visit,
    CONFIRM_FACTOR_FIELDS,
    async ({ code }) => {
      if (code === undefined) throw validationFailed([{ path: "code", message: "Is required." }]);
      const codes = await confirmFactor(room, visit.principal, code);
      return show(room, visit.request, await (await forms()).renderRecoveryCodes({ visit, codes }));
    },
    async (refusal) => {
      const offer = await findOfferedFactor(room, visit.principal);
      if (!offer) return showFactor(room, visit, refusal);
      const text = await (await forms()).renderFactorOffer({ visit, offer, refusal });
      return show(room, visit.request, text, { refusal });
    },
  );

const sendRemoval = (room: AccessRoom, visit: Visit): Promise<Response> =>
  sendOwn(
    visit,
    REMOVE_FACTOR_FIELDS,
    async (proof) => {
      await removeFactor(room, visit.principal, proof);
      return leadTo("/me");
    },
    (refusal) => showFactor(room, visit, refusal),
  );

/** Forms that are nothing but a button: a refusal of theirs is a page of its own. */
async function press<F extends string>(
  visit: Visit,
  fields: readonly F[],
  work: (form: Form<F>) => Promise<unknown>,
): Promise<Response> {
  await work(await readOwnForm(visit.request, fields));
  return leadTo("/me");
}

export function createOwnPages(room: AccessRoom, guard: Guard) {
  const own =
    (shown: Shown) =>
    async ({ request }: { readonly request: Request }): Promise<Response> => {
      const visit = await visitOf(room, request);
      return mustSetPassword(visit) ? leadTo("/set-password") : shown(visit);
    };
  const setting =
    (shown: Shown) =>
    async ({ request }: { readonly request: Request }): Promise<Response> =>
      shown(await visitOf(room, request));

  return new Elysia({ name: "own-pages" })
    .use(guard)
    .get(
      "/me",
      own((visit) => showOwn(room, visit)),
      ownPage(),
    )
    .get(
      "/me/name",
      own(async (visit) => showName(room, visit, (await findOwn(room, visit)).name ?? undefined)),
      securityPage(),
    )
    .post(
      "/me/name",
      own((visit) => sendName(room, visit)),
      ownPage(),
    )
    .get(
      "/me/email",
      own((visit) => showEmail(room, visit)),
      securityPage(),
    )
    .post(
      "/me/email",
      own((visit) => sendEmail(room, visit)),
      ownPage(),
    )
    .post(
      "/me/email/drop",
      own((visit) => press(visit, [], () => dropEmailChange(room, visit.principal))),
      ownPage(),
    )
    .get(
      "/me/password",
      own((visit) => showPassword(room, visit)),
      securityPage(),
    )
    .post(
      "/me/password",
      own((visit) => sendPassword(room, visit, { next: "/me", again: showPassword })),
      ownPage(),
    )
    .get(
      "/set-password",
      setting((visit) => showMustSet(room, visit)),
      securityPage(),
    )
    .post(
      "/set-password",
      setting((visit) => sendPassword(room, visit, { next: "/", again: showMustSet })),
      ownPage(),
    )
    .get(
      "/me/second-factor",
      own((visit) => showFactor(room, visit)),
      securityPage(),
    )
    .post(
      "/me/second-factor/begin",
      own((visit) => beginFactor(room, visit)),
      ownPage(),
    )
    .post(
      "/me/second-factor/confirm",
      own((visit) => sendFactor(room, visit)),
      ownPage(),
    )
    .post(
      "/me/second-factor/remove",
      own((visit) => sendRemoval(room, visit)),
      ownPage(),
    )
    .post(
      "/me/sessions/end",
      own((visit) =>
        press(visit, SESSION_FIELDS, ({ session = "" }) => {
          if (!isId("ses", session)) throw notFound("The session");
          return endOneSession(room, visit.principal, session);
        }),
      ),
      ownPage(),
    )
    .post(
      "/me/sessions/end-others",
      own((visit) => press(visit, [], () => endOtherSessions(room, visit.principal))),
      ownPage(),
    );
}
