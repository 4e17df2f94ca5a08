import { statSync } from "node:fs";
import type { TlsSettings } from "../config/tls.ts";
import type { Finding } from "../feature.ts";
import { readCertificate } from "../http/tls-certificate.ts";
import { isoTime } from "../kernel/clock.ts";
import { DAY, type UnixMs } from "../kernel/units.ts";

const CERTIFICATE = "TLS certificate";
const KEY = "TLS key";
/** Whoever renews them does so with a month to go: with a week it did not work. */
const LEFT_MIN_MS = 7 * DAY;
const OTHERS = 0o007;

function examineCertificate(tls: TlsSettings, now: UnixMs): Finding {
  try {
    const { notBefore, notAfter } = readCertificate(tls);
    const end = isoTime(notAfter).slice(0, 10);
    if (now < notBefore)
      return { check: CERTIFICATE, ok: false, message: `It is not valid before ${isoTime(notBefore)}.` };
    if (notAfter - now >= LEFT_MIN_MS) return { check: CERTIFICATE, ok: true, message: `It is good until ${end}.` };
    const ends = now < notAfter ? "ends" : "ended";
    return {
      check: CERTIFICATE,
      ok: false,
      message: `It ${ends} on ${end}. Renew it; it is read anew within a minute.`,
    };
  } catch (error) {
    return { check: CERTIFICATE, ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function examineKey({ keyFile }: TlsSettings): Finding {
  const mode = statSync(keyFile, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & OTHERS) === 0)
    return { check: KEY, ok: true, message: "Not everybody may read it." };
  const octal = (mode & 0o777).toString(8).padStart(3, "0");
  return {
    check: KEY,
    ok: false,
    message: `Every user of this machine may read ${keyFile} (${octal}). Run: chmod o= ${keyFile}`,
  };
}

/** Of a server that speaks https itself; nothing where TLS is a proxy's. */
export const examineTls = (tls: TlsSettings | undefined, now: UnixMs): readonly Finding[] =>
  tls === undefined ? [] : [examineCertificate(tls, now), examineKey(tls)];
