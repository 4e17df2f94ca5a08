import { readFileSync } from "node:fs";
import type { OutboundSettings } from "../config/proxy.ts";
import type { Finding } from "../feature.ts";
import { type Clock, isoTime } from "../kernel/clock.ts";
import { DAY, type UnixMs } from "../kernel/units.ts";
import { endOf, factsOf, readCertificates } from "../outbound/certificates.ts";
import { checkProxy } from "../outbound/proxy/check-proxy.ts";
import { placeOf } from "../outbound/proxy/tunnel.ts";

const AUTHORITIES = "own authorities";
const PROXY = "egress proxy";
const LEFT_MIN_MS = 14 * DAY;

function readFile(caFile: string): ReturnType<typeof readCertificates> | Finding {
  try {
    return readCertificates(readFileSync(caFile, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { check: AUTHORITIES, ok: false, message: `${caFile}: ${why} Name a readable PEM file as outbound.caFile.` };
  }
}

function examineEnds(caFile: string, { all }: ReturnType<typeof readCertificates>, now: UnixMs): Finding {
  const check = AUTHORITIES;
  const ending = all.filter((certificate) => endOf(certificate) - now < LEFT_MIN_MS);
  if (ending.length === 0) return { check, ok: true, message: `${caFile} has ${all.length}, all good for a while.` };
  const named = ending.map((one) => `${factsOf(one).subject} (${isoTime(endOf(one)).slice(0, 10)})`).join(", ");
  return { check, ok: false, message: `In ${caFile} end: ${named}. Put in what replaces them, and restart.` };
}

/** The way out of the installation; nothing where there is nothing to it. */
export async function examineOutbound(
  clock: Clock,
  settings: OutboundSettings,
  password: string | undefined,
): Promise<readonly Finding[]> {
  const { caFile, proxy } = settings;
  const read = caFile === undefined ? undefined : readFile(caFile);
  if (read && "check" in read) return [read];
  const findings = read && caFile !== undefined ? [examineEnds(caFile, read, clock.now())] : [];
  if (proxy === undefined) return findings;
  const fault = await checkProxy({ clock, settings: { ...settings, proxy }, password });
  const message = fault ?? `It answers at ${placeOf(proxy)}.`;
  return [...findings, { check: PROXY, ok: fault === undefined, message }];
}
