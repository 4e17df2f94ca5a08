import { Elysia } from "elysia";
import * as v from "valibot";
import type { Guard } from "../../../../http/guard.ts";
import { answerForm, END_IMPERSONATION, leadTo } from "../../../../http/site-answer.ts";
import { readOwnForm } from "../../../../http/site-form.ts";
import { parseInput } from "../../../../http/validate.ts";
import { isId } from "../../../../kernel/ids.ts";
import { impersonate, stopImpersonating } from "../../impersonation/impersonation.ts";
import { setPasswordAsOperator } from "../../people/accounts/one-time-password.ts";
import { findPersonListed, type ListedAccount, listPeople } from "../../people/accounts/operate.ts";
import { accountIdOf } from "../../people/fields.ts";
import type { AccessRoom } from "../../room.ts";
import { Email, Reason } from "../../types.ts";
import { findWorkspace } from "../../workspaces/store.ts";
import { ACT_FIELDS, ONE_TIME_FIELDS } from "../fields.ts";
import { operatorPage, ownPage } from "../rules.ts";
import { show, visitOf } from "../visit.ts";
import type { AccountParts } from "./account.tsx";

const ROWS = 50;
const PATH = "/operator/accounts";
const views = () => import("./account.tsx");
const Act = v.strictObject({
  reason: Reason,
  minutes: v.picklist(["5", "15", "30"]),
  changes: v.optional(v.literal("yes")),
});
const OneTime = v.strictObject({ why: Reason, removeFactor: v.optional(v.literal("yes")) });

async function showAccounts(room: AccessRoom, request: Request): Promise<Response> {
  const visit = await visitOf(room, request);
  const asked = new URL(request.url, "http://localhost").searchParams;
  const given = asked.get("email");
  // What is no address belongs to nobody, which the page says.
  const email = given ? (v.safeParse(Email, given).output as string) : undefined;
  const start = asked.get("after");
  const after = start !== null && isId("acc", start) ? start : undefined;
  const found = await listPeople(room, { after, email, limit: ROWS + 1 });
  const accounts = found.slice(0, ROWS);
  const last = accounts.at(-1)?.account.id;
  const { renderAccounts } = await import("./accounts.tsx");
  const text = await renderAccounts({
    visit,
    accounts,
    email: given ?? undefined,
    olderHref: found.length > ROWS && last !== undefined ? `${PATH}?after=${last}` : undefined,
    firstHref: after === undefined ? undefined : PATH,
    now: room.context.clock.now(),
  });
  return show(room, request, text);
}

/** The names of the workspaces that somebody belongs to, by id. */
const namesFor = (room: AccessRoom, { memberships }: ListedAccount): Promise<ReadonlyMap<string, string>> =>
  room.context.database.read(async (reader) => {
    const found = await Promise.all(memberships.map(({ workspace_id }) => findWorkspace(reader, workspace_id)));
    return new Map(found.flatMap((workspace) => (workspace ? [[workspace.id, workspace.name] as const] : [])));
  });

async function showAccount(
  room: AccessRoom,
  request: Request,
  id: string,
  tried?: AccountParts["tried"],
): Promise<Response> {
  const visit = await visitOf(room, request);
  const account = await findPersonListed(room, accountIdOf(id));
  const { renderAccount } = await views();
  const workspaces = await namesFor(room, account);
  const now = room.context.clock.now();
  const text = await renderAccount({ visit, account, workspaces, now, ...(tried ? { tried } : {}) });
  return show(room, request, text, { refusal: tried?.refusal });
}

/** Both forms of the page lead to something that is told to the person: with the reason that the operator gives. */
function act(room: AccessRoom, request: Request, id: string): Promise<Response> {
  let reason: string | undefined;
  return answerForm(
    request,
    async () => {
      const { principal } = await visitOf(room, request);
      const form = await readOwnForm(request, ACT_FIELDS);
      reason = form.reason;
      const { minutes, changes, reason: why } = parseInput(Act, form);
      const wanted = { accountId: accountIdOf(id), reason: why, changes: changes === "yes", minutes: Number(minutes) };
      await impersonate(room, principal, wanted);
      return leadTo("/");
    },
    (refusal) => showAccount(room, request, id, { form: "act", reason, refusal }),
  );
}

function setOneTime(room: AccessRoom, request: Request, id: string): Promise<Response> {
  let reason: string | undefined;
  return answerForm(
    request,
    async () => {
      const visit = await visitOf(room, request);
      const form = await readOwnForm(request, ONE_TIME_FIELDS);
      reason = form.why;
      const { why, removeFactor } = parseInput(OneTime, form);
      const account = await findPersonListed(room, accountIdOf(id));
      const { renderOneTimePassword } = await views();
      const password = await setPasswordAsOperator(room, visit.principal, {
        accountId: account.account.id,
        reason: why,
        removeFactor: removeFactor === "yes",
      });
      return show(room, request, await renderOneTimePassword({ visit, account, password }));
    },
    (refusal) => showAccount(room, request, id, { form: "password", reason, refusal }),
  );
}

async function end(room: AccessRoom, request: Request): Promise<Response> {
  const { principal } = await visitOf(room, request);
  await readOwnForm(request, []);
  if (principal.impersonation) await stopImpersonating(room, principal);
  return leadTo(PATH);
}

export const createOperatorPages = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "operator-pages" })
    .use(guard)
    .get(PATH, ({ request }) => showAccounts(room, request), operatorPage())
    .get(`${PATH}/:id`, ({ request, params }) => showAccount(room, request, params.id), operatorPage())
    .post(`${PATH}/:id/act`, ({ request, params }) => act(room, request, params.id), operatorPage())
    .post(
      `${PATH}/:id/one-time-password`,
      ({ request, params }) => setOneTime(room, request, params.id),
      operatorPage(),
    )
    .post(END_IMPERSONATION, ({ request }) => end(room, request), { ...ownPage(), impersonation: "ends" });
