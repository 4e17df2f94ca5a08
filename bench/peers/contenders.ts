import { readFileSync } from "node:fs";
import { type PostgresServer, startPostgres } from "../../tests/support/postgres.ts";
import type { Contender } from "./contender.ts";
import { openHatch } from "./hatch.ts";
import type { Installed } from "./install.ts";
import { openLibrary } from "./library.ts";
import { startRedis } from "./servers.ts";

interface OwnPostgres {
  readonly postgres: PostgresServer;
  readonly pid: number;
  remove(): Promise<void>;
}

export interface Opening {
  readonly name: string;
  /** Where deliveries go. */
  readonly target: string;
  readonly installed: Installed;
}

/** A server of its own for each, so that nobody's vacuum is charged to another. It commits to the disk. */
async function ownPostgres(): Promise<OwnPostgres> {
  const settings = ["shared_buffers=256MB", "max_wal_size=2GB", "max_connections=120", "synchronous_commit=on"];
  const postgres = await startPostgres({ durable: true, settings });
  const [session] = await postgres.ask<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const pid = Number(readFileSync(`/proc/${session?.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
  return { postgres, pid, remove: () => postgres.remove() };
}

async function onPostgres(kind: string, { name, target, installed }: Opening): Promise<Contender> {
  const server = await ownPostgres();
  const url = server.postgres.urlOf(await server.postgres.createDatabase());
  return openLibrary({ installed, name, kind, url, server, target });
}

async function onRedis(appendfsync: "everysec" | "always", { name, target, installed }: Opening): Promise<Contender> {
  const server = await startRedis(appendfsync);
  return openLibrary({ installed, name, kind: "bullmq", url: server.url, server, target });
}

type Open = (opening: Opening) => Promise<Contender>;

/** The first is what the others are compared with. */
export const CONTENDERS: Readonly<Record<string, Open>> = {
  "Hatch, SQLite": ({ name, target }) => openHatch({ name, engine: "sqlite", target, server: undefined }),
  "Hatch, Postgres": async ({ name, target }) =>
    openHatch({ name, engine: "postgres", target, server: await ownPostgres() }),
  "BullMQ, Redis everysec": (opening) => onRedis("everysec", opening),
  "BullMQ, Redis always": (opening) => onRedis("always", opening),
  "pg-boss": (opening) => onPostgres("pg-boss", opening),
  "graphile-worker": (opening) => onPostgres("graphile-worker", opening),
};

/** Set up against hanging endpoints as far as they go, at the price of one request at a time for each endpoint. */
export const GROUPED: Readonly<Record<string, Open>> = {
  "pg-boss, one job per endpoint": (opening) => onPostgres("pg-boss-grouped", opening),
  "graphile-worker, a queue per endpoint": (opening) => onPostgres("graphile-worker-grouped", opening),
};
