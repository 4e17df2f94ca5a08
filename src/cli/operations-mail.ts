import * as v from "valibot";
import type { App } from "../app.ts";
import { MAIL_STATES, type MailRow } from "../features/mail/index.ts";
import { parseInput } from "../http/validate.ts";
import { isoTime } from "../kernel/clock.ts";
import { validationFailed } from "../kernel/errors.ts";
import { type Id, isId } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { OperatorPrincipal } from "../kernel/principal.ts";
import type { UnixMs } from "../kernel/units.ts";

const LISTED_MAX = 1_000;

const nullable = v.nullable(v.string());
const ListInput = v.object({
  state: v.nullable(v.picklist(MAIL_STATES)),
  limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LISTED_MAX)),
});
const ShowInput = v.object({ mail: v.string() });
const RetryInput = v.object({ mail: nullable });
const TestInput = v.object({ to: v.string() });

const timeOrNull = (at: UnixMs | null): string | null => (at === null ? null : isoTime(at));

const mailView = (mail: MailRow): JsonObject => ({
  id: mail.id,
  workspace: mail.workspace_id,
  kind: mail.kind,
  to: mail.recipient,
  subject: mail.subject,
  state: mail.state,
  attempts: mail.attempts,
  nextAttemptAt: mail.state === "waiting" ? isoTime(mail.due_at) : null,
  expiresAt: isoTime(mail.expires_at),
  lastError: mail.last_error,
  createdAt: isoTime(mail.created_at),
  endedAt: timeOrNull(mail.ended_at),
});

function idOf(mail: string): Id<"mail"> {
  if (!isId("mail", mail))
    throw validationFailed([{ path: "mail", message: "Expected an id such as mail_01jd8m3v6z…" }]);
  return mail;
}

/** Without what they say. */
export async function listMails({ mail }: App, _principal: OperatorPrincipal, input: JsonObject): Promise<JsonObject> {
  const { state, limit } = parseInput(ListInput, input);
  return { mails: (await mail.list({ state: state ?? undefined, limit })).map(mailView) };
}

export async function showMail({ mail }: App, principal: OperatorPrincipal, input: JsonObject): Promise<JsonObject> {
  const shown = await mail.show(principal, idOf(parseInput(ShowInput, input).mail));
  const { text = null, html = null } = shown.content ?? {};
  return { ...mailView(shown.mail), text, html };
}

export async function retryMails({ mail }: App, principal: OperatorPrincipal, input: JsonObject): Promise<JsonObject> {
  const { mail: id } = parseInput(RetryInput, input);
  return { retried: await mail.retry(principal, id === null ? undefined : idOf(id)) };
}

export async function testMail({ mail }: App, principal: OperatorPrincipal, input: JsonObject): Promise<JsonObject> {
  return { ...(await mail.test(principal, parseInput(TestInput, input).to)) };
}
