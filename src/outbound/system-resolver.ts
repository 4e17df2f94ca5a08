import { getServers, Resolver as Questioner, setServers } from "node:dns";
import type { Clock } from "../kernel/clock.ts";
import type { MonotonicMs } from "../kernel/units.ts";
import type { Resolver } from "./names.ts";

/**
 * getaddrinfo sits in one of as many threads as there are cores, which files and password hashes share: two endpoints
 * whose name servers never answer would stop the process. c-ares waits on a socket. It reads `/etc/hosts` and
 * `/etc/resolv.conf`; elsewhere the system has a way of its own that does not block.
 */
const BACKEND = process.platform === "linux" ? "c-ares" : "system";
const REREAD_MS = 5_000;

/** As the machine itself does it: `/etc/hosts`, then the name servers. */
export function createSystemResolver(clock: Clock): Resolver {
  let rereadAt: MonotonicMs | undefined;

  /** c-ares reads `/etc/resolv.conf` once: a machine that moved to other name servers would have to be restarted. */
  const reread = (): void => {
    const now = clock.monotonic();
    if (BACKEND !== "c-ares" || (rereadAt !== undefined && now - rereadAt < REREAD_MS)) return;
    rereadAt = now;
    const written = new Questioner().getServers();
    if (written.length > 0 && written.join() !== getServers().join()) setServers(written);
  };

  return async (name) => {
    try {
      const found = await Bun.dns.lookup(name, { backend: BACKEND });
      return found.map(({ address }) => address);
    } catch (error) {
      reread();
      throw error;
    }
  };
}
