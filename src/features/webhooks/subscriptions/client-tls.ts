import * as v from "valibot";
import type { Context } from "../../../context.ts";
import { type SealedPlace, sha256Hex } from "../../../kernel/crypto.ts";
import { AppError, type ErrorDetail, validationFailed } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import { DAY, type UnixMs } from "../../../kernel/units.ts";
import {
  assertBelongTogether,
  type CertificateFacts,
  CertificateFault,
  endOf,
  factsOf,
  isForOthers,
  readAuthorityBundle,
  readChain,
  readPrivateKey,
} from "../../../outbound/certificates.ts";
import type { ReceiverTls } from "../../../outbound/outbound.ts";
import type { SubscriptionRow } from "./store.ts";

const CHAIN_MAX = 10;
const AUTHORITIES_MAX = 20;
const CERTIFICATE_CHARACTERS = 8 * 1_024;
const KEY_CHARACTERS_MAX = 16 * 1_024;
/** From then on operators are warned: there is time to have it renewed. */
export const ENDS_SOON_MS = 14 * DAY;

const pem = (most: number) => v.optional(v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(most))));

/** Parts that are not named stay; `null` takes a part, or all of it, away. */
export const ClientTls = v.nullable(
  v.strictObject({
    clientCertificate: pem(CHAIN_MAX * CERTIFICATE_CHARACTERS),
    clientKey: pem(KEY_CHARACTERS_MAX),
    ca: pem(AUTHORITIES_MAX * CERTIFICATE_CHARACTERS),
  }),
);
export type ClientTlsInput = v.InferOutput<typeof ClientTls>;

/** As answers show it; never the key. */
export interface ClientTlsView {
  readonly clientCertificate: CertificateFacts | null;
  /** The authorities that the receiver's certificate is believed by; `null` is by the usual ones. */
  readonly ca: readonly CertificateFacts[] | null;
}

type Secrets = Pick<ReceiverTls, "certificate" | "privateKey" | "authorities">;

/** The columns of a subscription. */
export type StoredTls = Pick<SubscriptionRow, "tls" | "tls_sealed" | "tls_ends_at">;
export const NO_TLS: StoredTls = { tls: null, tls_sealed: null, tls_ends_at: null };

/** What is to be kept, checked, before it is sealed. */
export interface SettledTls {
  readonly view: ClientTlsView;
  readonly secrets: Secrets;
  readonly endsAt: UnixMs | undefined;
  readonly warnings: readonly string[];
}

const tlsPlace = (id: Id<"sub">): SealedPlace => ({ table: "subscriptions", column: "tls_sealed", row: id });

type Keyring = Context["keyring"];

const openSecrets = (keyring: Keyring, { id, tls_sealed }: Pick<SubscriptionRow, "id" | "tls_sealed">): Secrets =>
  tls_sealed === null
    ? { certificate: undefined, privateKey: undefined, authorities: undefined }
    : (JSON.parse(keyring.open(tlsPlace(id), tls_sealed)) as Secrets);

/** Who we are to its receiver; undefined where nothing is agreed upon. */
export function openTls(
  keyring: Keyring,
  row: Pick<SubscriptionRow, "id" | "tls_sealed" | "tls_ends_at">,
): ReceiverTls | undefined {
  if (row.tls_sealed === null) return undefined;
  const { certificate, privateKey, authorities } = openSecrets(keyring, row);
  const key = sha256Hex([row.id, certificate, privateKey, authorities].join("\0"));
  return { key, certificate, privateKey, authorities, endsAt: row.tls_ends_at ?? undefined };
}

export const showTls = ({ tls }: Pick<SubscriptionRow, "tls">): ClientTlsView | null =>
  tls === null ? null : (JSON.parse(tls) as ClientTlsView);

/** What was written, with what stays: undefined of a part that is not there. */
function merged(kept: Secrets, { clientCertificate, clientKey, ca }: NonNullable<ClientTlsInput>): Secrets {
  const isTaken = clientCertificate === null || clientKey === null;
  return {
    certificate: isTaken ? (clientCertificate ?? undefined) : (clientCertificate ?? kept.certificate),
    privateKey: isTaken ? (clientKey ?? undefined) : (clientKey ?? kept.privateKey),
    authorities: ca === undefined ? kept.authorities : (ca ?? undefined),
  };
}

/** Collects what is wrong with each part, and goes on with the others. */
function createReader(faults: ErrorDetail[]) {
  return <T>(part: "clientCertificate" | "clientKey" | "ca", read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof CertificateFault)) throw error;
      faults.push({ path: `tls.${part}`, message: error.message });
      return undefined;
    }
  };
}

const MISSING = "Is required: a certificate and its key come together.";

function settle({ certificate, privateKey, authorities }: Secrets, now: UnixMs): SettledTls {
  const faults: ErrorDetail[] = [];
  const read = createReader(faults);
  const chain =
    certificate === undefined
      ? undefined
      : read("clientCertificate", () => readChain(certificate, { most: CHAIN_MAX, now }));
  const key = privateKey === undefined ? undefined : read("clientKey", () => readPrivateKey(privateKey));
  if (chain && key) read("clientKey", () => assertBelongTogether(chain, key));
  if (certificate === undefined && privateKey !== undefined)
    faults.push({ path: "tls.clientCertificate", message: MISSING });
  if (certificate !== undefined && privateKey === undefined) faults.push({ path: "tls.clientKey", message: MISSING });
  const bundle =
    authorities === undefined
      ? undefined
      : read("ca", () => readAuthorityBundle(authorities, { most: AUTHORITIES_MAX, now }));
  if (faults.length > 0) throw validationFailed(faults);
  const [own] = chain?.all ?? [];
  const warnings = [];
  if (own && endOf(own) - now < ENDS_SOON_MS) {
    warnings.push(`The client certificate ends on ${factsOf(own).notAfter.slice(0, 10)}.`);
  }
  if (own && isForOthers(own)) warnings.push("The client certificate does not say that it is one for clients.");
  return {
    view: { clientCertificate: own ? factsOf(own) : null, ca: bundle ? bundle.all.map(factsOf) : null },
    secrets: { certificate: chain?.pem, privateKey: key?.pem, authorities: bundle?.pem },
    endsAt: own ? endOf(own) : undefined,
    warnings,
  };
}

export interface TlsChange {
  readonly warnings: readonly string[];
  /** To be kept; called inside the transaction, with the row as it is by then. */
  stored(keyring: Keyring, current: Pick<SubscriptionRow, "id" | keyof StoredTls>): StoredTls;
}

const unchanged: TlsChange = {
  warnings: [],
  stored: (_, { tls, tls_sealed, tls_ends_at }) => ({ tls, tls_sealed, tls_ends_at }),
};

interface Subject {
  readonly mode: SubscriptionRow["mode"];
  readonly endpoint?: string | null | undefined;
}

/**
 * Reads and checks what a caller says of the TLS to the receiver, before any transaction: it takes a while.
 * @param before the subscription as it is; absent for one that is made
 */
export function changeTls(
  { keyring, clock }: Pick<Context, "keyring" | "clock">,
  input: ClientTlsInput | undefined,
  { mode, endpoint }: Subject,
  before?: Pick<SubscriptionRow, "id" | keyof StoredTls>,
): TlsChange {
  if (input === undefined) return unchanged;
  if (input === null) return { warnings: [], stored: () => NO_TLS };
  if (mode === "pull") throw validationFailed([{ path: "tls", message: "A pull subscription has no endpoint." }]);
  const kept = before ? openSecrets(keyring, before) : merged({} as Secrets, {});
  const settled = settle(merged(kept, input), clock.now());
  const { view, secrets, endsAt } = settled;
  const isPlain = endpoint?.startsWith("http:") ?? false;
  return {
    warnings: [...settled.warnings, ...(isPlain ? ["`tls` is of no use to an http endpoint."] : [])],
    stored(sealing, current) {
      if (before && current.tls_sealed !== before.tls_sealed) {
        throw new AppError("conflict", "`tls` was changed by somebody else at the same time: read it, and try again.");
      }
      if (secrets.certificate === undefined && secrets.authorities === undefined) return NO_TLS;
      return {
        tls: JSON.stringify(view),
        tls_sealed: sealing.seal(tlsPlace(current.id), JSON.stringify(secrets)),
        tls_ends_at: endsAt ?? null,
      };
    },
  };
}
