import { letOthersRun, parseIsoTime } from "../../../kernel/clock.ts";
import { Desk } from "../../../kernel/desk.ts";
import { notFound, validationFailed } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { MINUTE, parseDuration } from "../../../kernel/units.ts";
import { planOf, type SigningPlan } from "../format/signature.ts";
import { openFormat } from "../format/stored.ts";
import type { Room } from "../room.ts";
import { findSubscription } from "../subscriptions/store.ts";
import { checkSignature } from "./check.ts";
import { textOf } from "./guess-bodies.ts";
import { findKnown, findOwnSecrets, type OwnSecrets, secretsElsewhere } from "./known.ts";
import type { SignatureAnswer } from "./question.ts";
import { readHeaders } from "./read-headers.ts";
import { BODY_BYTES_MAX, type CheckSignatureInput } from "./schema.ts";

/** As receivers have it, and as Standard Webhooks recommends. */
const TOLERANCE = 5 * MINUTE;

/** Questions that wait for their turn: each costs some milliseconds of computing, a hopeless one some tenths of a second. */
const WAITING_MAX = 20;

/** One at a time, so that many hopeless ones leave the process to others. */
export const createSignatureDesk = (): Desk =>
  new Desk({ waitingMax: WAITING_MAX, refusal: "Too many signatures are being checked at once." });

const headerPairs = (headers: Readonly<Record<string, string | readonly string[]>>): (readonly [string, string])[] =>
  Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === "string" ? [value] : value).map((one) => [name, one] as const),
  );

function bytesOf({ body, bodyBase64 }: CheckSignatureInput): Uint8Array {
  const bytes = body === undefined ? Buffer.from(bodyBase64 ?? "", "base64") : Buffer.from(body);
  if (bytes.length > BODY_BYTES_MAX) {
    throw validationFailed([{ path: "body", message: `Must have at most ${BODY_BYTES_MAX} bytes.` }]);
  }
  return bytes;
}

interface Asked {
  readonly id: Id<"sub">;
  readonly template: SigningPlan | undefined;
  readonly own: OwnSecrets;
}

async function findAsked(room: Room, { environmentId }: EnvironmentPrincipal, id: string): Promise<Asked> {
  if (!isId("sub", id)) throw notFound("The subscription");
  const row = await room.database.read((reader) => findSubscription(reader, environmentId, id));
  if (!row) throw notFound("The subscription");
  const template = planOf(openFormat(room.keyring, row).signature);
  return { id, template, own: await findOwnSecrets(room, id) };
}

/**
 * Why a signature does not verify, with all that is known of the request here: the body that was sent, the secrets of this
 * workspace. What was handed in is looked at and neither kept nor shown again, and of no other workspace is anything said.
 */
export async function askAboutSignature(
  room: Room,
  principal: EnvironmentPrincipal,
  input: CheckSignatureInput,
): Promise<SignatureAnswer> {
  const body = bytesOf(input);
  const headers = headerPairs(input.headers);
  const asked = input.subscriptionId === undefined ? undefined : await findAsked(room, principal, input.subscriptionId);
  const { deliveryId } = readHeaders(headers);
  const known = await findKnown(room, principal, { deliveryId, body: textOf(body) ?? "" });
  const secrets =
    input.secret === undefined
      ? (asked?.own.current ?? [])
      : [{ text: input.secret, name: "the secret that you gave" }];
  const ended = asked?.own.ended ?? [];
  const subscriptionId = asked?.id ?? known.subscriptionId;
  const at = (input.receivedAt && parseIsoTime(input.receivedAt)) || room.clock.now();
  return checkSignature({
    ...known,
    ...{ headers, body, secrets, template: asked?.template, breathe: letOthersRun },
    elsewhere: () => secretsElsewhere(room, principal, { secrets, ended, subscriptionId }),
    receivedAt: Math.floor(at / 1000),
    toleranceSeconds: ((input.tolerance && parseDuration(input.tolerance)) || TOLERANCE) / 1000,
  });
}
