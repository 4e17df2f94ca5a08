import { leadTo } from "../../../../http/site-answer.ts";
import { type AppError, validationFailed } from "../../../../kernel/errors.ts";
import { hasPassword } from "../../passwords/hashing.ts";
import type { AccessRoom } from "../../room.ts";
import { confirmFactor, findOfferedFactor, offerFactor, removeFactor } from "../../second-factor/second-factor.ts";
import { CONFIRM_FACTOR_FIELDS, REMOVE_FACTOR_FIELDS } from "../fields.ts";
import { show, type Visit } from "../visit.ts";
import { findOwn, sendOwn } from "./send.ts";

const views = () => import("./factor.tsx");

export async function showFactor(room: AccessRoom, visit: Visit, refusal?: AppError): Promise<Response> {
  const account = await findOwn(room, visit);
  const { renderFactorBegin, renderFactorRemoval } = await views();
  const parts = { visit, refusal };
  const text =
    account.totp_confirmed_at === null
      ? await renderFactorBegin(parts)
      : await renderFactorRemoval({ ...parts, hasPassword: hasPassword(account.password_hash) });
  return show(room, visit.request, text, { refusal });
}

/** A secret is shown in answer to this and not kept on any page: whoever comes back begins anew. */
export const beginFactor = (room: AccessRoom, visit: Visit): Promise<Response> =>
  sendOwn(
    visit,
    [],
    async () => {
      const offer = await offerFactor(room, visit.principal);
      return show(room, visit.request, await (await views()).renderFactorOffer({ visit, offer }));
    },
    (refusal) => showFactor(room, visit, refusal),
  );

export const sendFactor = (room: AccessRoom, visit: Visit): Promise<Response> =>
  sendOwn(
    visit,
    CONFIRM_FACTOR_FIELDS,
    async ({ code }) => {
      if (code === undefined) throw validationFailed([{ path: "code", message: "Is required." }]);
      const codes = await confirmFactor(room, visit.principal, code);
      return show(room, visit.request, await (await views()).renderRecoveryCodes({ visit, codes }));
    },
    async (refusal) => {
      const offer = await findOfferedFactor(room, visit.principal);
      if (!offer) return showFactor(room, visit, refusal);
      const text = await (await views()).renderFactorOffer({ visit, offer, refusal });
      return show(room, visit.request, text, { refusal });
    },
  );

export const sendRemoval = (room: AccessRoom, visit: Visit): Promise<Response> =>
  sendOwn(
    visit,
    REMOVE_FACTOR_FIELDS,
    async (proof) => {
      await removeFactor(room, visit.principal, proof);
      return leadTo("/me");
    },
    (refusal) => showFactor(room, visit, refusal),
  );
