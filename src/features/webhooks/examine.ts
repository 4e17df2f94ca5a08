import type { Context } from "../../context.ts";
import type { Reader } from "../../database/database.ts";
import type { Finding } from "../../feature.ts";
import { countSendingOfOthers, countStrayAttempts, countWaitingForDeleted, listSealedSecrets } from "./store.ts";
import { secretPlace } from "./subscriptions/secrets.ts";

const PAGE = 500;

/** @param claimant who may have deliveries under way; `""` when nobody may */
export async function examineWebhooks(
  { database, keyring }: Pick<Context, "database" | "keyring">,
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
    finding(
      "secrets",
      await countShut(reader, keyring),
      "Every subscription's secret opens with the root key.",
      "secrets do not open with the root key: start with the key that sealed them, or rotate them.",
    ),
  ]);
}

const finding = (check: string, count: number, good: string, bad: string): Finding => ({
  check: `webhooks.${check}`,
  ok: count === 0,
  message: count === 0 ? good : `${count} ${bad}`,
});

async function countShut(reader: Reader, keyring: Context["keyring"]): Promise<number> {
  let shut = 0;
  let after = "";
  for (;;) {
    const rows = await listSealedSecrets(reader, after, PAGE);
    for (const { id, sealed } of rows) if (!opens(keyring, id, sealed)) shut += 1;
    after = rows.at(-1)?.id ?? "";
    if (rows.length < PAGE) return shut;
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
