import house from "../../migrations/0001_house.sql" with { type: "text" };
import access from "../../migrations/0002_access.sql" with { type: "text" };
import progress from "../../migrations/0003_progress.sql" with { type: "text" };
import webhooks from "../../migrations/0004_webhooks.sql" with { type: "text" };
import clients from "../../migrations/0005_clients.sql" with { type: "text" };
import mail from "../../migrations/0006_mail.sql" with { type: "text" };
import people from "../../migrations/0007_people.sql" with { type: "text" };
import pauses from "../../migrations/0008_pauses.sql" with { type: "text" };
import fairness from "../../migrations/0009_fairness.sql" with { type: "text" };
import recover from "../../migrations/0010_recover.sql" with { type: "text" };
import keys from "../../migrations/0011_keys.sql" with { type: "text" };
import format from "../../migrations/0012_format.sql" with { type: "text" };
import clientCertificates from "../../migrations/0013_client_certificates.sql" with { type: "text" };
import health from "../../migrations/0014_health.sql" with { type: "text" };
import retention from "../../migrations/0015_retention.sql" with { type: "text" };
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
  { version: 9, name: "fairness", sql: fairness },
  { version: 10, name: "recover", sql: recover },
  { version: 11, name: "keys", sql: keys },
  { version: 12, name: "format", sql: format },
  { version: 13, name: "client_certificates", sql: clientCertificates },
  { version: 14, name: "health", sql: health },
  { version: 15, name: "retention", sql: retention },
];
