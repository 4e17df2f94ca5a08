import type { Context } from "../../context.ts";
import { mutate } from "../../journal/mutate.ts";
import { AppError, notFound } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Principal } from "../../kernel/principal.ts";
import { findMail, reviveMails } from "./store.ts";

const AT_ONCE_MAX = 1_000;

/** Has failed mails tried again: one, or all that are not too old. @returns how many */
export function retryMails(context: Context, principal: Principal, id: Id<"mail"> | undefined): Promise<number> {
  return mutate(context, principal, async (writer) => {
    const revived = await reviveMails(writer, { id, limit: AT_ONCE_MAX });
    if (id !== undefined && revived.length === 0) {
      const mail = await findMail(writer, id);
      if (!mail) throw notFound("The mail");
      const why = mail.state === "failed" ? "it has expired, and what it said is gone" : `it is ${mail.state}`;
      throw new AppError("conflict", `Only a failed mail can be tried again: ${why}.`);
    }
    return {
      result: revived.length,
      audit: revived.map((row) => ({ workspaceId: row.workspace_id ?? "", action: "mail.retried", target: row.id })),
      announce: [],
      jobs: [],
    };
  });
}
