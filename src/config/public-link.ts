import { AppError } from "../kernel/errors.ts";
import type { Config } from "./config.ts";

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

/**
 * The whole address of a page of ours, for mails and for people to pass on. From the settings alone: what a request says
 * about its host may be anybody's. @throws AppError `not_configured` where nobody knows how others reach us
 */
export function publicLink({ server }: Pick<Config, "server">, path: `/${string}`): string {
  const { publicUrl, host, port } = server;
  if (publicUrl !== undefined) return `${publicUrl}${path}`;
  if (LOOPBACK.has(host) && port !== 0) return `http://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
  throw new AppError("not_configured", "The address of this installation is not set, so no link to it can be made.", {
    hint: "Set server.publicUrl.",
  });
}
