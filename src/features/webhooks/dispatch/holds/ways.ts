import { addMs, SECOND, type UnixMs } from "../../../../kernel/units.ts";
import type { Hold } from "../../../../outbound/outbound.ts";
import type { Target } from "../../types.ts";

/** How the ways to endpoints stand while deliveries are claimed. */
export interface Ways {
  /** How many may be on the way to it: none before `heldUntil`, one where somebody has to see, else any number. */
  wayTo(target: Pick<Target, "address">): { readonly most: number; readonly heldUntil: UnixMs };
}

/** @param holdOf absent where nothing stands between us and the endpoints */
export function watchWays(now: UnixMs, holdOf: ((url: string) => Hold | undefined) | undefined): Ways {
  const free = { most: Number.POSITIVE_INFINITY, heldUntil: now };
  const wait = (heldUntil: UnixMs) => ({ most: 0, heldUntil });
  let someoneSees = false;
  return {
    wayTo({ address }) {
      const hold = address === undefined ? undefined : holdOf?.(address);
      if (!hold) return free;
      if (hold.until > now) return wait(hold.until);
      // Of all endpoints behind the proxy one is enough to see whether it answers again.
      if (hold.of === "proxy" && someoneSees) return wait(addMs(now, SECOND));
      someoneSees ||= hold.of === "proxy";
      return { most: 1, heldUntil: now };
    },
  };
}
