import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import type { Clock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import type { MonotonicMs } from "../kernel/units.ts";
import type { EndpointUrl } from "./endpoint-url.ts";

/** The kept connections of one endpoint's origin. Origins never share one. */
export interface Lane {
  readonly session: Bun.FetchSession;
  /** When a connection was last given back to the pool. */
  pooledAt: MonotonicMs | undefined;
}

export interface Connections {
  laneOf(endpoint: EndpointUrl): Lane;
  /** Whether the next request may be put on a connection that has waited in the pool. */
  mayReuse(lane: Lane): boolean;
}

/** Below what firewalls and load balancers grant an idle connection before they drop it in silence. */
const IDLE_SECONDS = 20;
/** The socket timer is coarse: up to two steps of 4 s later. */
const POOL_MS = (IDLE_SECONDS + 8) * 1_000;
const LANES_MAX = 1_000;

export function createConnections(clock: Clock, caFile: string | undefined): Connections {
  const ca = caFile === undefined ? undefined : readAuthorities(caFile);
  const lanes = new Map<string, Lane>();

  const open = (endpoint: EndpointUrl): Lane => {
    const lane: Lane = { session: openSession(endpoint, ca), pooledAt: undefined };
    lanes.set(endpoint.origin, lane);
    const [oldest] = lanes;
    if (lanes.size > LANES_MAX && oldest) {
      lanes.delete(oldest[0]);
      oldest[1].session.close();
    }
    return lane;
  };

  return {
    laneOf(endpoint) {
      return lanes.get(endpoint.origin) ?? open(endpoint);
    },
    mayReuse: (lane) => lane.pooledAt !== undefined && clock.monotonic() - lane.pooledAt < POOL_MS,
  };
}

function openSession(endpoint: EndpointUrl, ca: string | undefined): Bun.FetchSession {
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
