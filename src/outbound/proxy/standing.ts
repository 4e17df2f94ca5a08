/*
 * How the egress proxy does, and so whose fault a failure is.
 *
 * Of the proxy's own faults (it can't be reached, it does not accept us) nobody else is to blame: everything waits, and
 * one request after a growing delay sees whether it is over.
 *
 * A proxy that hangs, hangs up or answers 5xx may be broken, or may be telling that the host asked for is: many try the
 * host before they answer. Taken for the proxy's, the dead endpoint of one customer would stop all others; taken for the
 * host's, a proxy that lost its own uplink would have every endpoint paused. So the first such fault of a host is nobody's,
 * and that host waits alone. It is charged to the host where the proxy has meanwhile led to another.
 */
import type { Clock } from "../../kernel/clock.ts";
import { addMs, SECOND, type UnixMs } from "../../kernel/units.ts";
import type { Hold } from "../outbound.ts";
import type { ProxyFault } from "./faults.ts";

const DELAY_FIRST_MS = SECOND;
const DELAY_MAX_MS = 60 * SECOND;
/** While somebody is on the way to see. */
const LOOK_AGAIN_MS = SECOND;
const HOSTS_MAX = 2_000;
/** From so many hosts on that get no tunnel, or after so long, without one opened to any: it will be the proxy. */
const HOSTS_TOLD = 3;
const SILENCE_TOLD_MS = 60 * SECOND;

/** What is known against a way. Times are monotonic. */
interface Doubt {
  readonly message: string;
  readonly failures: number;
  /** The first fault that could have been the proxy's. */
  readonly since: number;
  /** Undefined where nobody has to wait: the last fault was charged to the host. */
  readonly nextAt: number | undefined;
  /** Somebody is on the way to see. */
  probed: boolean;
}

export interface StandingOptions {
  readonly clock: Clock;
  /** Called once per outage, and once at its end. */
  readonly onOutage: (message: string) => void;
  readonly onRecovery: (tookMs: number) => void;
  readonly onFault: (fault: ProxyFault, charged: "proxy" | "host") => void;
}

/** One request's way through the proxy. */
export interface Passage {
  /** A tunnel stands: from here on everything is between us and the host. */
  opened(): void;
  /** The host has answered, perhaps through a tunnel that had been kept. */
  worked(): void;
  /** It answered, and does not let us go there. */
  answered(): void;
  /** @returns whom to charge */
  failed(fault: ProxyFault): "proxy" | "host";
  /** At the end, whatever it was. */
  leave(): void;
}

export class Standing {
  readonly #options: StandingOptions;
  readonly #hosts = new Map<string, Doubt>();
  #proxy: Doubt | undefined;
  /** Whom it led to last, and before that to somebody else. */
  #led: readonly { readonly host: string; readonly at: number }[] = [];
  /** Hosts that got no tunnel since the last one was opened, to whomever. */
  readonly #unopened = new Set<string>();
  #unopenedSince = 0;
  #outage: { readonly since: UnixMs; readonly at: number; readonly message: string } | undefined;

  constructor(options: StandingOptions) {
    this.#options = options;
  }

  get outage(): { readonly since: UnixMs; readonly message: string } | undefined {
    return this.#outage;
  }

  /** What is known against the way to a host; a time that has come means that one request may see. */
  holdOf(host: string): Hold | undefined {
    const { clock } = this.#options;
    const now = clock.monotonic();
    let hold: Hold | undefined;
    for (const doubt of this.#doubtsOf(host)) {
      const leftMs = (doubt.nextAt ?? now) - now;
      const waitMs = doubt.probed ? Math.max(LOOK_AGAIN_MS, leftMs) : leftMs;
      const until = addMs(clock.now(), Math.max(0, Math.ceil(waitMs)));
      const of = doubt === this.#proxy ? "proxy" : "host";
      if (!hold || until > hold.until) hold = { of, until, message: doubt.message };
    }
    return hold;
  }

  /** Lets a request on its way, or says until when it has to wait. */
  enter(host: string): Passage | Hold {
    const hold = this.holdOf(host);
    if (hold && hold.until > this.#options.clock.now()) return hold;
    const doubts = this.#doubtsOf(host);
    for (const doubt of doubts) doubt.probed = true;
    return {
      opened: () => this.#opened(host),
      worked: () => this.#ledTo(host),
      answered: () => this.#answered(host),
      failed: (fault) => {
        const charged = this.#failed(host, fault, doubts);
        this.#options.onFault(fault, charged);
        return charged;
      },
      leave() {
        for (const doubt of doubts) doubt.probed = false;
      },
    };
  }

  #doubtsOf(host: string): readonly Doubt[] {
    const own = this.#hosts.get(host);
    return [this.#proxy, own?.nextAt === undefined ? undefined : own].filter((doubt) => doubt !== undefined);
  }

  #ledTo(host: string): void {
    const at = this.#options.clock.monotonic();
    this.#led = [{ host, at }, ...this.#led.filter((other) => other.host !== host).slice(0, 1)];
  }

  #hasLedToOthers(host: string, since: number): boolean {
    return this.#led.some((other) => other.host !== host && other.at > since);
  }

  #opened(host: string): void {
    this.#ledTo(host);
    this.#hosts.delete(host);
    this.#unopened.clear();
    this.#proxy = undefined;
    this.#recovered();
  }

  #answered(host: string): void {
    this.#hosts.delete(host);
    this.#unopened.delete(host);
    this.#proxy = undefined;
    if (this.#unopened.size === 0) this.#recovered();
  }

  #failed(host: string, fault: ProxyFault, entered: readonly Doubt[]): "proxy" | "host" {
    const now = this.#options.clock.monotonic();
    if (fault.kind === "unreachable" || fault.kind === "credentials") {
      this.#proxy = this.#doubted(this.#proxy, fault, now, entered);
      this.#tell(fault.message);
      return "proxy";
    }
    // It was reached, and may have taken our credentials: what else is wrong with it, the hosts will tell.
    this.#proxy = undefined;
    const known = this.#hosts.get(host);
    if (known && this.#hasLedToOthers(host, known.since)) {
      this.#hosts.set(host, { ...known, failures: 0, since: now, nextAt: undefined });
      this.#unopened.delete(host);
      return "host";
    }
    this.#remember(host, this.#doubted(known, fault, now, entered));
    if (this.#unopened.size === 0) this.#unopenedSince = now;
    this.#unopened.add(host);
    const isTold = this.#unopened.size >= HOSTS_TOLD || now - this.#unopenedSince >= SILENCE_TOLD_MS;
    if (isTold) this.#tell(fault.message);
    return "proxy";
  }

  /** Many fail at once where something breaks; only who went to see makes the delay grow. */
  #doubted(known: Doubt | undefined, { message }: ProxyFault, now: number, entered: readonly Doubt[]): Doubt {
    const isWaited = known?.nextAt !== undefined;
    if (known && isWaited && !entered.includes(known)) return known;
    const failures = (known?.failures ?? 0) + 1;
    const delayMs = Math.min(DELAY_MAX_MS, DELAY_FIRST_MS * 2 ** (failures - 1));
    const since = known && isWaited ? known.since : now;
    return { message, failures, since, nextAt: now + delayMs, probed: false };
  }

  #remember(host: string, doubt: Doubt): void {
    this.#hosts.delete(host);
    this.#hosts.set(host, doubt);
    const [oldest] = this.#hosts.keys();
    if (this.#hosts.size <= HOSTS_MAX || oldest === undefined) return;
    this.#hosts.delete(oldest);
    this.#unopened.delete(oldest);
  }

  #tell(message: string): void {
    if (this.#outage) return;
    const { clock, onOutage } = this.#options;
    this.#outage = { since: clock.now(), at: clock.monotonic(), message };
    onOutage(message);
  }

  #recovered(): void {
    const outage = this.#outage;
    if (!outage) return;
    this.#outage = undefined;
    this.#options.onRecovery(this.#options.clock.monotonic() - outage.at);
  }
}
