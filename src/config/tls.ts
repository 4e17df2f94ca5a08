import type { ConfigProblem } from "./errors.ts";
import type { SettingValues } from "./settings.ts";

/** A certificate of our own: the server itself speaks https. */
export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly minVersion: "1.2" | "1.3";
}

const expected = (where: string, message: string): ConfigProblem => ({ where, message: `expected ${message}` });

/** @returns undefined where no certificate is set; what is missing is added to the problems */
export function settleTls({ tls, server }: SettingValues, problems: ConfigProblem[]): TlsSettings | undefined {
  const { certFile, keyFile, minVersion } = tls;
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined) problems.push(expected("tls.certFile", "the certificate, because tls.keyFile is set"));
  if (keyFile === undefined) problems.push(expected("tls.keyFile", "its private key, because tls.certFile is set"));
  // Cookies, links and what browsers are told to remember follow from it.
  if (!server.publicUrl?.startsWith("https:")) {
    problems.push(expected("server.publicUrl", "an https address, because tls.certFile is set"));
  }
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile, minVersion };
}
