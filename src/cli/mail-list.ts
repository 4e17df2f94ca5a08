import type { Command } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { perform } from "./perform.ts";

const STATES = ["waiting", "sent", "failed", "expired"];
const LISTED = 50;
const LISTED_MAX = 1_000;

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly kind: string;
  readonly to: string;
  readonly subject: string;
  readonly createdAt: string;
  readonly lastError: string | null;
}

const line = ({ id, state, kind, to, subject, createdAt, lastError }: Listed): string =>
  [
    [id, state.padEnd(7), createdAt.slice(0, 16).replace("T", " "), kind.padEnd(12), `${to}  ${subject}`].join("  "),
    ...(lastError === null ? [] : [`    ${lastError}`]),
  ].join("\n");

function limitOf(text: string | undefined): number {
  const limit = text === undefined ? LISTED : Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= LISTED_MAX) return limit;
  throw new UsageError(`--limit ${text}: expected a whole number from 1 to ${LISTED_MAX}.`);
}

export const command: Command = {
  name: "mail list",
  summary: "Lists mails, newest first, without what they say.",
  options: {
    state: { value: "STATE", description: `${STATES.join(", ")}; all if not given.` },
    limit: { value: "COUNT", description: `How many; ${LISTED} if not given.` },
  },
  example: "hatch mail list --state waiting",
  async run(invocation) {
    const state = invocation.text("state") ?? null;
    if (state !== null && !STATES.includes(state)) {
      throw new UsageError(`--state ${state}: expected one of ${STATES.join(", ")}.`);
    }
    const result = await perform(invocation, "mail.list", { state, limit: limitOf(invocation.text("limit")) });
    const mails = result.mails as unknown as readonly Listed[];
    const text =
      mails.length === 0 ? `There are no ${state ?? ""} mails.`.replace("  ", " ") : mails.map(line).join("\n");
    invocation.terminal.out(invocation.json ? JSON.stringify(result) : text);
    return EXIT.done;
  },
};
