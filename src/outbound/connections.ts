import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import type { Clock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import type { MonotonicMs } from "../kernel/units.ts";
import type { EndpointUrl } from "./endpoint-url.ts";
import type { ReceiverTls } from "./outbound.ts";

/** The kept connections of one identity to one endpoint's origin. No two share one. */
export interface Lane {
  readonly session: Bun.FetchSession;
  /** When a connection was last given back to the pool. */
  pooledAt: MonotonicMs | undefined;
}

export interface Connections {
  laneOf(endpoint: EndpointUrl, tls?: ReceiverTls): Lane;
  /** Whether the next request may be put on a connection that has waited in the pool. */
  mayReuse(lane: Lane): boolean;
}

/** Below what firewalls and load balancers grant an idle connection before they drop it in silence. */
const IDLE_SECONDS = 20;
/** The socket timer is coarse: up to two steps of 4 s later. */
const POOL_MS = (IDLE_SECONDS + 8) * 1_000;
const LANES_MAX = 1_000;

/** @param authorities PEM: the public ones with those of `outbound.caFile`; the usual ones if absent */
export function createConnections(clock: Clock, authorities: string | undefined): Connections {
  const lanes = new Map<string, Lane>();

  const open = (key: string, endpoint: EndpointUrl, tls: ReceiverTls | undefined): Lane => {
    const lane: Lane = { session: openSession(endpoint, authorities, tls), pooledAt: undefined };
    lanes.set(key, lane);
    const [oldest] = lanes;
    if (lanes.size > LANES_MAX && oldest) {
      lanes.delete(oldest[0]);
      oldest[1].session.close();
    }
    return lane;
  };

  return {
    laneOf(endpoint, tls) {
      const key = tls === undefined ? endpoint.origin : `${endpoint.origin} ${tls.key}`;
      return lanes.get(key) ?? open(key, endpoint, tls);
    },
    mayReuse: (lane) => lane.pooledAt !== undefined && clock.monotonic() - lane.pooledAt < POOL_MS,
  };
}

function openSession(
  endpoint: EndpointUrl,
  authorities: string | undefined,
  tls: ReceiverTls | undefined,
): Bun.FetchSession {
  const ca = tls?.authorities ?? authorities;
  const keepAlive = { idleTimeout: IDLE_SECONDS };
  if (endpoint.scheme === "http") return new Bun.FetchSession({ keepAlive });
  return new Bun.FetchSession({
    keepAlive,
    tls: {
      // Said, because NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would switch all checks off.
      rejectUnauthorized: true,
      // The address stands in the URL: the certificate is checked against the name. An address has no SNI.
      ...(endpoint.hostIsAddress ? {} : { serverName: endpoint.host }),
      ...(ca === undefined ? {} : { ca }),
      ...(tls?.certificate === undefined ? {} : { cert: tls.certificate, key: tls.privateKey }),
    },
  });
}

/** A given `ca` replaces the built-in authorities, so they are put beside it; as one text, which is cheap to compare. */
export function readAuthorities(caFile: string): string {
  let extra: string;
  try {
    extra = readFileSync(caFile, "utf8");
  } catch (cause) {
    throw unusable(caFile, "can't be read", cause);
  }
  if (!extra.includes("-----BEGIN CERTIFICATE-----")) throw unusable(caFile, "holds no PEM certificate");
  return [...getCACertificates("default"), extra].join("\n");
}

const unusable = (caFile: string, why: string, cause?: unknown): AppError =>
  new AppError("validation_failed", `outbound.caFile ${why}.`, {
    details: [{ path: "outbound.caFile", message: `${caFile} ${why}.` }],
    hint: "Set outbound.caFile to a PEM file that the process may read.",
    cause,
  });
