import type { Context } from "../../../context.ts";
import type { Acting } from "../../../http/exchange.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { Impersonation } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { findImpersonation, findLiveSession, listPlaces, type PlaceRow, type SessionRow } from "./store.ts";

/** A session that was found good. Requests under way hold it and ask again. */
export interface LiveSession {
  readonly id: Id<"ses">;
  /** Who signed in. */
  readonly signedInId: Id<"acc">;
  /** As whom they act: themselves, or whom they impersonate. */
  readonly accountId: Id<"acc">;
  readonly email: string;
  readonly isOperator: boolean;
  readonly hasFactor: boolean;
  readonly mustChangePassword: boolean;
  readonly method: SessionRow["method"];
  readonly places: ReadonlyMap<Id<"env">, PlaceRow>;
  readonly impersonation: Impersonation | undefined;
  /** The same, for people. */
  readonly acting: Acting | undefined;
  /** The end of the session or of the impersonation, whichever is first: then it is looked up anew. */
  readonly validUntil: UnixMs;
}

const CACHED_MAX = 10_000;

/**
 * Sessions that are in force, as far as they are known. Whatever changes what a session may do says so here, after its
 * commit and before its caller is answered, so that no request is let in after that on what was true before.
 */
export class LiveSessions {
  readonly #context: Pick<Context, "database" | "clock">;
  readonly #byId = new Map<Id<"ses">, LiveSession>();
  #epoch = 0;

  constructor(context: Pick<Context, "database" | "clock">) {
    this.#context = context;
  }

  /** Whether what was found is still what holds. */
  isLive(session: LiveSession): boolean {
    return this.#byId.get(session.id) === session && this.#context.clock.now() < session.validUntil;
  }

  async find(id: Id<"ses">): Promise<LiveSession | undefined> {
    for (;;) {
      const known = this.#byId.get(id);
      if (known && this.#context.clock.now() < known.validUntil) return known;
      const epoch = this.#epoch;
      const found = await this.#read(id);
      // Something ended meanwhile: what was read may be what was true before.
      if (this.#epoch !== epoch) continue;
      if (!found) return undefined;
      // Two requests may look it up at once; both must hold the one that a revocation will reach.
      const twin = this.#byId.get(id);
      if (twin && this.#context.clock.now() < twin.validUntil) return twin;
      this.#remember(found);
      return found;
    }
  }

  /** Nothing of what is known holds any more; each session is looked up anew at its next use. */
  forget(): void {
    this.#epoch += 1;
    this.#byId.clear();
  }

  #remember(session: LiveSession): void {
    if (this.#byId.size >= CACHED_MAX) {
      const [oldest] = this.#byId.keys();
      if (oldest !== undefined) this.#byId.delete(oldest);
    }
    this.#byId.set(session.id, session);
  }

  #read(id: Id<"ses">): Promise<LiveSession | undefined> {
    const now = this.#context.clock.now();
    return this.#context.database.read(async (reader): Promise<LiveSession | undefined> => {
      const row = await findLiveSession(reader, id, now);
      if (!row) return undefined;
      const acting = row.operator === 1 ? await findImpersonation(reader, id, now) : undefined;
      const accountId = acting?.account_id ?? row.account_id;
      const places = await listPlaces(reader, accountId);
      return {
        id,
        signedInId: row.account_id,
        accountId,
        email: row.email,
        isOperator: row.operator === 1,
        hasFactor: row.factor === 1,
        mustChangePassword: row.must_change_password === 1,
        method: row.method,
        places: new Map(places.map((place) => [place.environment_id, place])),
        impersonation: acting && {
          id: acting.id,
          operatorId: row.account_id,
          readOnly: acting.read_only === 1,
        },
        acting: acting && {
          operator: row.email,
          person: acting.email,
          readOnly: acting.read_only === 1,
          endsAt: acting.ends_at,
        },
        validUntil: Math.min(row.expires_at, acting?.ends_at ?? Number.POSITIVE_INFINITY) as UnixMs,
      };
    });
  }
}
