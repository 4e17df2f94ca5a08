import type { Context } from "../../context.ts";
import type { Reader } from "../../database/database.ts";
import type { Finding } from "../../feature.ts";
import { isoTime } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { addMs, type UnixMs } from "../../kernel/units.ts";
import { countSendingOfOthers, countStrayAttempts, countWaitingForDeleted, listSealedSecrets } from "./store.ts";
import { ENDS_SOON_MS } from "./subscriptions/client-tls.ts";
import { secretPlace } from "./subscriptions/secrets.ts";
import { listEndingCertificates } from "./subscriptions/store.ts";

const PAGE = 500;

/** @param claimant who may have deliveries under way; `""` when nobody may */
export async function examineWebhooks(
  { database, keyring, clock }: Pick<Context, "database" | "keyring" | "clock">,
  claimant: string,
): Promise<readonly Finding[]> {
  return database.read(async (reader) => [
    finding(
      "claims",
      await countSendingOfOthers(reader, claimant),
      "No delivery is claimed by a process that is gone.",
      "claimed by a process that is gone: the next start of the server sends them again.",
    ),
    finding(
      "attempts",
      await countStrayAttempts(reader),
      "No attempt is open whose delivery waits for a retry.",
      "waiting for a retry with an attempt still open: restart the server, and report it.",
    ),
    finding(
      "deleted",
      await countWaitingForDeleted(reader),
      "Nothing waits for a deleted subscription.",
      "deleted subscriptions still have something waiting: a job is to cancel it.",
    ),
    await examineSecrets(reader, keyring),
    await examineCertificates(reader, clock.now()),
  ]);
}

const NAMED_MAX = 5;

/** Who runs the receiver has to be asked for a renewed one: that takes a while. */
async function examineCertificates(reader: Reader, now: UnixMs): Promise<Finding> {
  const check = "webhooks.clientCertificates";
  const ending = await listEndingCertificates(reader, addMs(now, ENDS_SOON_MS), NAMED_MAX + 1);
  if (ending.length === 0) return { check, ok: true, message: "No client certificate ends within 14 days." };
  const named = ending
    .slice(0, NAMED_MAX)
    .map(({ id, tls_ends_at }) => `${id} (${isoTime(tls_ends_at).slice(0, 10)})`)
    .join(", ");
  const more = ending.length > NAMED_MAX ? ", …" : "";
  return {
    check,
    ok: false,
    message: `Client certificates end: ${named}${more}. Give renewed ones by PATCH of \`tls\`.`,
  };
}

const finding = (check: string, count: number, good: string, bad: string): Finding => ({
  check: `webhooks.${check}`,
  ok: count === 0,
  message: count === 0 ? good : `${count} ${bad}`,
});

/** What its secret does not sign is not sent: its deliveries wait. */
async function examineSecrets(reader: Reader, keyring: Context["keyring"]): Promise<Finding> {
  const check = "webhooks.secrets";
  const shut = await listShut(reader, keyring);
  if (shut.length === 0) return { check, ok: true, message: "Every subscription's secret opens with the root key." };
  const named = `${shut.slice(0, NAMED_MAX).join(", ")}${shut.length > NAMED_MAX ? ", …" : ""}`;
  return {
    check,
    ok: false,
    message: `Secrets do not open with the root key, so nothing is sent to ${named}: start with the key that sealed them, or give other ones by rotate-secret with an overlap of 0s.`,
  };
}

async function listShut(reader: Reader, keyring: Context["keyring"]): Promise<readonly Id<"sub">[]> {
  const shut = new Set<Id<"sub">>();
  let after = "";
  for (;;) {
    const rows = await listSealedSecrets(reader, after, PAGE);
    for (const { id, subscription_id, sealed } of rows) if (!opens(keyring, id, sealed)) shut.add(subscription_id);
    after = rows.at(-1)?.id ?? "";
    if (rows.length < PAGE) return [...shut];
  }
}

function opens(keyring: Context["keyring"], id: string, sealed: string): boolean {
  try {
    keyring.open(secretPlace(id), sealed);
    return true;
  } catch {
    return false;
  }
}
