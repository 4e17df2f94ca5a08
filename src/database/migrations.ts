import house from "../../migrations/0001_house.sql" with { type: "text" };
import access from "../../migrations/0002_access.sql" with { type: "text" };
import progress from "../../migrations/0003_progress.sql" with { type: "text" };
import webhooks from "../../migrations/0004_webhooks.sql" with { type: "text" };
import clients from "../../migrations/0005_clients.sql" with { type: "text" };
import mail from "../../migrations/0006_mail.sql" with { type: "text" };
import people from "../../migrations/0007_people.sql" with { type: "text" };
import pauses from "../../migrations/0008_pauses.sql" with { type: "text" };
import type { Migration } from "./migrate.ts";

/** Every migration, in order. Forward only; one that was released is never changed. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "house", sql: house },
  { version: 2, name: "access", sql: access },
  { version: 3, name: "progress", sql: progress },
  { version: 4, name: "webhooks", sql: webhooks },
  { version: 5, name: "clients", sql: clients },
  { version: 6, name: "mail", sql: mail },
  { version: 7, name: "people", sql: people },
  { version: 8, name: "pauses", sql: pauses },
];
