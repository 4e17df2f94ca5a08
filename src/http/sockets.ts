import type { Context } from "../context.ts";
import type { Listener } from "./exchange.ts";
import { openSocket, type Socket } from "./socket.ts";
import { optionsOf } from "./tls-certificate.ts";
import { CertificateWatch } from "./tls-watch.ts";

/** The address at the other end, looked up where somebody asks. */
export type FindPeer = () => string | undefined;
type Answer = (request: Request, findPeer: FindPeer, listener: Listener) => Promise<Response>;

export interface Sockets {
  /** @returns where the server listens, e.g. `http://127.0.0.1:8080` */
  open(): string;
  /** Where the operator's own listener is; undefined where there is none. */
  adminUrl(): string | undefined;
  /** Reads the certificate's files again. */
  renewCertificate(): void;
  /** Takes no more connections, waits for what is under way, cuts it at the deadline. */
  close(deadline: AbortSignal): Promise<void>;
}

/** The socket for everybody, by https where a certificate is set, and by plain http the operator's where one is wanted. */
export function createSockets(context: Pick<Context, "clock" | "config" | "log" | "metrics">, answer: Answer): Sockets {
  const { server, tls, adminListener } = context.config;
  let everybodys: Socket | undefined;
  let operators: Socket | undefined;
  let watch: CertificateWatch | undefined;
  // Without a certificate of ours it is known and has no value: an alert on it stays quiet.
  context.metrics.gauge(
    "tls_certificate_expires_timestamp_seconds",
    "When the certificate in use ends, in seconds since 1970.",
    () => (watch ? watch.current.notAfter / 1_000 : []),
  );

  const open = (address: { readonly host: string; readonly port: number }, listener: Listener): Socket =>
    openSocket({
      host: address.host,
      port: address.port,
      tls: listener === "operators" || !tls || !watch ? undefined : optionsOf(watch.current, tls.minVersion),
      answer: (request, findPeer) => answer(request, findPeer, listener),
    });

  return {
    open() {
      if (tls) {
        watch = new CertificateWatch(context, tls, (found) => everybodys?.renew(optionsOf(found, tls.minVersion)));
      }
      everybodys = open(server, adminListener ? "public" : "only");
      if (adminListener) operators = open(adminListener, "operators");
      watch?.start();
      return everybodys.url;
    },
    adminUrl: () => operators?.url,
    renewCertificate: () => void watch?.look(),
    async close(deadline) {
      watch?.stop();
      await Promise.all([everybodys?.close(deadline), operators?.close(deadline)]);
    },
  };
}
