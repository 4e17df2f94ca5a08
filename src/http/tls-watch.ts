import type { TlsSettings } from "../config/tls.ts";
import type { Context } from "../context.ts";
import type { Timer } from "../kernel/clock.ts";
import { isoTime } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import { MINUTE } from "../kernel/units.ts";
import { readCertificate, type ServerCertificate } from "./tls-certificate.ts";

/** Whoever renews certificates replaces two files; that they were is seen within so long. */
const LOOK_EVERY_MS = MINUTE;

type Watching = Pick<Context, "clock" | "log">;

/**
 * The certificate in use, and its files. They are read anew every minute, and when `look` is called; what can be used is
 * handed to `use`, what can't be is told once and changes nothing: the one in use goes on.
 */
export class CertificateWatch {
  readonly #context: Watching;
  readonly #settings: TlsSettings;
  readonly #use: (certificate: ServerCertificate) => void;
  #current: ServerCertificate;
  #timer: Timer | undefined;
  /** What was said of files that could not be used: said once, not every minute. */
  #complaint = "";

  /** @throws AppError where there is no certificate to begin with */
  constructor(context: Watching, settings: TlsSettings, use: (certificate: ServerCertificate) => void) {
    this.#context = context;
    this.#settings = settings;
    this.#use = use;
    this.#current = readCertificate(settings);
    const fault = this.#faultOf(this.#current);
    // Nobody is helped by a server that is not there.
    if (fault !== undefined) context.log.error(`the TLS certificate ${fault}`, { file: settings.certFile });
  }

  get current(): ServerCertificate {
    return this.#current;
  }

  start(): void {
    this.#timer = this.#context.clock.after(LOOK_EVERY_MS, () => {
      this.look();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Looks at the files now. @returns whether another certificate is in use than before */
  look(): boolean {
    const { log } = this.#context;
    try {
      const found = readCertificate(this.#settings);
      if (found.cert === this.#current.cert && found.key === this.#current.key) {
        this.#complaint = "";
        return false;
      }
      const fault = this.#faultOf(found);
      if (fault !== undefined) throw new AppError("validation_failed", `The certificate ${fault}.`);
      this.#use(found);
      this.#current = found;
      this.#complaint = "";
      log.info("the TLS certificate was renewed", { validUntil: isoTime(found.notAfter) });
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== this.#complaint) {
        log.error("the TLS files were changed and can't be used: the certificate in use goes on", { why });
      }
      this.#complaint = why;
      return false;
    }
  }

  #faultOf({ notBefore, notAfter }: ServerCertificate): string | undefined {
    const now = this.#context.clock.now();
    if (now < notBefore) return `is not valid before ${isoTime(notBefore)}`;
    return now >= notAfter ? `ended on ${isoTime(notAfter)}` : undefined;
  }
}
