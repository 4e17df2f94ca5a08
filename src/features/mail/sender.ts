/*
 * Gets due mails out.
 *
 * A row waits → it is claimed: its try is counted, its Message-ID given → the mail server is told → one transaction
 * records what that meant: sent, due again, failed. A crash at any arrow leaves a row that the next start finds due, so
 * a mail may arrive twice, under the same Message-ID, and is never lost.
 *
 * Rows are looked for once a second, and at once when a try has ended: a mail is never so urgent that a second matters.
 * When the server itself can't be used (no connection, no sign-in) everything waits, and then one mail is the probe.
 */
import { isLoopback } from "../../config/mail.ts";
import type { Context } from "../../context.ts";
import type { MailContent } from "../../journal/mail.ts";
import { mailPlace } from "../../journal/mail.ts";
import type { Timer } from "../../kernel/clock.ts";
import { WrongKeyError } from "../../kernel/crypto.ts";
import { AppError } from "../../kernel/errors.ts";
import { describeError } from "../../kernel/log.ts";
import type { Counter } from "../../kernel/metrics.ts";
import { addMs, MINUTE, type MonotonicMs, monotonicMs, SECOND, type UnixMs } from "../../kernel/units.ts";
import { mailHost } from "../../outbound/mail/create-mail-transport.ts";
import { MAIL_CONNECTIONS_MAX } from "../../outbound/mail/smtp.ts";
import { isOfTheServer, type MailOutcome, type MailTransport } from "../../outbound/mail/transport.ts";
import { judge, pauseAfter, type Verdict } from "./ladder.ts";
import {
  type ClaimedMail,
  claimMails,
  expireMails,
  isMailDue,
  releaseMails,
  rescueMails,
  settleMail,
} from "./store.ts";

const TICK = SECOND;
/** For tries under way when the process is to stop; then they are broken off, and made again at the next start. */
const GRACE_MS = 8 * SECOND;
/** Past the time-out of a try, for recording what came of it. */
const LEASE_MARGIN_MS = MINUTE;

type Sending = Pick<Context, "clock" | "config" | "database" | "keyring" | "log" | "metrics">;

const UNREADABLE: MailOutcome = {
  kind: "failed",
  failure: "message",
  permanent: true,
  message: "What it says does not open with the root key.",
};

export class MailSender {
  readonly #context: Sending;
  readonly #transport: MailTransport;
  readonly #claimant: string;
  readonly #outcomes: Counter;
  readonly #stopping = new AbortController();
  readonly #tries = new Set<Promise<void>>();
  #claiming: Promise<void> | undefined;
  #again = false;
  #timer: Timer | undefined;
  /** Failures of the server in a row; while there are any, one mail at a time is tried. */
  #serverFailures = 0;
  #resumeAt: UnixMs | undefined;
  /** The same on a clock that nobody sets. */
  #resumeMark: MonotonicMs | undefined;
  #stopped: Promise<void> | undefined;

  /** @param claimant names this life of the process: what another one was trying is taken up */
  constructor(context: Sending, transport: MailTransport, claimant: string) {
    this.#context = context;
    this.#transport = transport;
    this.#claimant = claimant;
    this.#outcomes = context.metrics.counter("mail_attempts_total", "Tries to send a mail, by what they meant for it.");
  }

  async start(): Promise<void> {
    const { config, database, log } = this.#context;
    const [rescued, released] = await database.write(async (writer) => [
      await rescueMails(writer, this.#claimant),
      config.mail ? await releaseMails(writer) : 0,
    ]);
    if (config.mail?.tls === "none" && !isLoopback(config.mail.host)) {
      log.warn("mails and the password go to the mail server unencrypted: mail.tls is none", {
        host: config.mail.host,
      });
    }
    if (rescued > 0) log.info("mails that an earlier run was sending are due again", { mails: rescued });
    if (released > 0) log.info("mails that waited for a mail server are due", { mails: released });
    this.#tick();
  }

  /** Takes nothing more; what is under way may end for a while, then it is broken off. Stopping twice is fine. */
  stop(deadline: AbortSignal): Promise<void> {
    this.#stopped ??= this.#drain(deadline);
    return this.#stopped;
  }

  async #drain(deadline: AbortSignal): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const late = new Promise<void>((resolve) => {
      if (deadline.aborted) resolve();
      else deadline.addEventListener("abort", () => resolve(), { once: true });
    });
    const grace = this.#context.clock.after(GRACE_MS, () => this.#stopping.abort());
    if (deadline.aborted) this.#stopping.abort();
    await this.#claiming;
    await Promise.race([Promise.allSettled(this.#tries), late]);
    grace.cancel();
    this.#stopping.abort();
    this.#transport.close();
  }

  #tick(): void {
    this.#run();
    this.#timer = this.#context.clock.after(TICK, () => this.#tick());
  }

  /** Claims as often as there is something to claim and room for it. */
  #run(): void {
    if (this.#stopped) return;
    if (this.#claiming) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#claiming = this.#claim()
      .catch((error) => this.#context.log.error("due mails could not be looked for", describeError(error)))
      .finally(() => {
        this.#claiming = undefined;
        if (this.#again) this.#run();
      });
  }

  #isPaused(): boolean {
    return this.#resumeMark !== undefined && this.#context.clock.monotonic() < this.#resumeMark;
  }

  /** How many may be taken now. */
  #room(): number {
    if (this.#isPaused()) return 0;
    const atOnce = this.#serverFailures > 0 ? 1 : MAIL_CONNECTIONS_MAX;
    return Math.max(0, atOnce - this.#tries.size);
  }

  async #claim(): Promise<void> {
    const { clock, config, database } = this.#context;
    const limit = this.#room();
    if (limit === 0 || !(await database.read((reader) => isMailDue(reader, clock.now())))) return;
    const leaseMs = (config.mail?.timeout ?? 0) + LEASE_MARGIN_MS;
    const { expired, mails } = await database.write(async (writer) => ({
      expired: await expireMails(writer),
      mails: await claimMails(writer, { limit, claimant: this.#claimant, leaseMs, host: mailHost(config) }),
    }));
    if (expired > 0) this.#outcomes.add(expired, { outcome: "expired" });
    for (const mail of mails) this.#launch(mail);
  }

  #launch(mail: ClaimedMail): void {
    const work = this.#try(mail)
      .catch((error) => {
        this.#context.log.error("what came of a mail could not be recorded", {
          mail: mail.id,
          ...describeError(error),
        });
      })
      .finally(() => {
        this.#tries.delete(work);
        this.#run();
      });
    this.#tries.add(work);
  }

  async #try(mail: ClaimedMail): Promise<void> {
    const content = this.#open(mail);
    const outcome = content ? await this.#send(mail, content) : UNREADABLE;
    this.#noteServer(outcome);
    const { attempts, failures, expires_at: expiresAt } = mail;
    const tried = { attempts, failures, expiresAt };
    const now = this.#context.clock.now();
    const verdict = judge(outcome, tried, now, this.#resumeAt ?? now);
    await this.#record(mail, verdict);
    this.#tell(mail, outcome, verdict);
  }

  #open({ id, content_sealed }: ClaimedMail): MailContent | undefined {
    if (content_sealed === null) return undefined;
    try {
      return JSON.parse(this.#context.keyring.open(mailPlace(id), content_sealed)) as MailContent;
    } catch (error) {
      if (error instanceof WrongKeyError) return undefined;
      throw error;
    }
  }

  #send(mail: ClaimedMail, { toName, ...said }: MailContent): Promise<MailOutcome> {
    return this.#transport.send(
      {
        ...said,
        messageId: mail.message_id,
        date: mail.created_at,
        to: { address: mail.recipient, ...(toName === undefined ? {} : { name: toName }) },
        subject: mail.subject,
      },
      this.#stopping.signal,
    );
  }

  /** Those that were under way together when the server failed count as one failure. */
  #noteServer(outcome: MailOutcome): void {
    if (outcome.kind === "held" || (outcome.kind === "failed" && outcome.failure === "aborted")) return;
    if (outcome.kind === "sent" || !isOfTheServer(outcome.failure)) {
      this.#serverFailures = 0;
      this.#resumeAt = undefined;
      this.#resumeMark = undefined;
      return;
    }
    const { clock, log } = this.#context;
    if (this.#isPaused()) return;
    this.#serverFailures += 1;
    const pauseMs = pauseAfter(this.#serverFailures);
    this.#resumeAt = addMs(clock.now(), pauseMs);
    this.#resumeMark = monotonicMs(clock.monotonic() + pauseMs);
    log.error("the mail server can't be used: mails wait", {
      failure: outcome.failure,
      error: outcome.message,
      failuresInRow: this.#serverFailures,
      pauseMs,
    });
  }

  /** While the database is away the outcome waits for it: the mail has gone out, and is not to go out again. */
  async #record(mail: ClaimedMail, verdict: Verdict): Promise<void> {
    for (;;) {
      try {
        await this.#context.database.write((writer) => settleMail(writer, mail, verdict, this.#claimant));
        return;
      } catch (error) {
        const isAway = error instanceof AppError && error.code === "unavailable";
        if (!isAway || this.#stopping.signal.aborted) throw error;
        await this.#context.clock.sleep(TICK);
      }
    }
  }

  #tell({ id, kind }: ClaimedMail, outcome: MailOutcome, verdict: Verdict): void {
    this.#outcomes.add(1, { outcome: verdict.outcome });
    const fields = { mail: id, kind, attempt: verdict.attempts };
    if (outcome.kind === "sent") this.#context.log.info("a mail was sent", { ...fields, response: outcome.response });
    if (outcome.kind !== "failed") return;
    const { failure, message } = outcome;
    const next = verdict.state === "waiting" ? verdict.dueAt - this.#context.clock.now() : undefined;
    this.#context.log.warn("a mail was not sent", {
      ...fields,
      failure,
      error: message,
      state: verdict.state,
      nextInMs: next,
    });
  }
}
