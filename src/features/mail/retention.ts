import { fromTheFront, type RetentionRule } from "../../jobs/retention.ts";
import { durationMs } from "../../kernel/units.ts";
import { dropContents, purgeMails } from "./store.ts";

export const MAIL_RETENTION: readonly RetentionRule[] = [
  {
    name: "mailContents",
    what: "What a mail says, sealed; once it is sent it is gone at once",
    tables: ["mails"],
    kept: () => durationMs(0),
    after: "a mail that failed can't be tried again",
    purge: fromTheFront(dropContents),
  },
  {
    name: "mails",
    what: "Mails: to whom, what for, what came of it",
    tables: ["mails"],
    kept: ({ retention }) => retention.mails,
    setting: "retention.mails",
    after: "their end",
    purge: fromTheFront(purgeMails),
  },
];
