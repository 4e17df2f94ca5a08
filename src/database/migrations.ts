import house from "../../migrations/0001_house.sql" with { type: "text" };
import access from "../../migrations/0002_access.sql" with { type: "text" };
import progress from "../../migrations/0003_progress.sql" with { type: "text" };
import webhooks from "../../migrations/0004_webhooks.sql" with { type: "text" };
import type { Migration } from "./migrate.ts";

/** Every migration, in order. Forward only; one that was released is never changed. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "house", sql: house },
  { version: 2, name: "access", sql: access },
  { version: 3, name: "progress", sql: progress },
  { version: 4, name: "webhooks", sql: webhooks },
];
