import type { AddressInfo, Socket } from "node:net";
import PostalMime, { type Email } from "postal-mime";
import { SMTPServer, type SMTPServerSession } from "smtp-server";
import type { Issued } from "./certificates.ts";

/** What the server does at one point: an answer with a code, silence, or an end without a word. */
export type Behaviour = "accept" | "hang" | "drop" | { readonly code: number; readonly says: string };

export interface Arrived {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly encrypted: boolean;
  /** As it came over the wire. */
  readonly raw: string;
  readonly mail: Email;
}

export interface MailServer {
  readonly port: number;
  /** Taken on, in order. */
  readonly arrived: Arrived[];
  /** Every conversation that began, by its number. */
  conversations(): number;
  /** Every mail whose text was read to its end, whatever was answered. */
  offered(): number;
  close(): Promise<void>;
}

export interface MailServerOptions {
  readonly tls?: "starttls" | "implicit" | "none";
  readonly certificate?: Issued;
  /** Who may sign in; nobody has to, if absent. */
  readonly login?: { readonly user: string; readonly password: string };
  readonly withoutAuth?: boolean;
  readonly port?: number;
  readonly sender?: (address: string) => Behaviour;
  readonly recipient?: (address: string) => Behaviour;
  /** Asked when the text of the n-th mail has come, from 1. */
  readonly text?: (number: number, raw: string) => Behaviour;
  /** Asked at the first byte of the text. */
  readonly textBegins?: () => Behaviour;
}

type Done = (error?: Error | null) => void;

/** A real SMTP server on a port of this machine. */
export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const { tls = "none", certificate, login } = options;
  const arrived: Arrived[] = [];
  const sockets = new Map<string, Socket>();
  let conversations = 0;
  let offered = 0;

  const behave = (behaviour: Behaviour, session: SMTPServerSession, done: Done, accept: () => void): void => {
    if (behaviour === "accept") accept();
    else if (behaviour === "drop") sockets.get(String(session.remotePort))?.destroy();
    else if (behaviour !== "hang") done(Object.assign(new Error(behaviour.says), { responseCode: behaviour.code }));
  };

  const server = new SMTPServer({
    secure: tls === "implicit",
    ...(certificate ?? {}),
    disabledCommands: [...(tls === "starttls" ? [] : ["STARTTLS"]), ...(options.withoutAuth ? ["AUTH"] : [])],
    authOptional: login === undefined || options.withoutAuth === true,
    allowInsecureAuth: tls === "none",
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth({ username, password }, _, done) {
      const right = login !== undefined && username === login.user && password === login.password;
      if (right) done(null, { user: username });
      else done(Object.assign(new Error("Authentication credentials invalid"), { responseCode: 535 }));
    },
    onConnect(_, done) {
      conversations += 1;
      done();
    },
    onMailFrom: ({ address }, session, done) => behave(options.sender?.(address) ?? "accept", session, done, done),
    onRcptTo: ({ address }, session, done) => behave(options.recipient?.(address) ?? "accept", session, done, done),
    onData(stream, session, done) {
      const begun = options.textBegins?.() ?? "accept";
      if (begun !== "accept") return behave(begun, session, done, () => {});
      let raw = "";
      stream.on("data", (bytes: Buffer) => {
        raw += bytes.toString("utf8");
      });
      stream.on("end", async () => {
        offered += 1;
        const mail = await PostalMime.parse(raw);
        behave(options.text?.(offered, raw) ?? "accept", session, done, () => {
          const { mailFrom, rcptTo } = session.envelope;
          arrived.push({
            from: mailFrom ? mailFrom.address : "",
            to: rcptTo.map(({ address }) => address),
            user: session.user as string | undefined,
            encrypted: session.secure,
            raw,
            mail,
          });
          done();
        });
      });
    },
  });
  server.on("error", () => {});
  server.server.on("connection", (socket: Socket) => {
    sockets.set(String(socket.remotePort), socket);
    socket.on("close", () => sockets.delete(String(socket.remotePort)));
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    arrived,
    conversations: () => conversations,
    offered: () => offered,
    close() {
      for (const socket of sockets.values()) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
