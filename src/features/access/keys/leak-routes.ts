import { Elysia } from "elysia";
import * as v from "valibot";
import { limitKeyOf } from "../../../http/addresses.ts";
import { type Guard, requestOf } from "../../../http/guard.ts";
import { RateLimit } from "../../../http/rate-limit.ts";
import { AppError } from "../../../kernel/errors.ts";
import { Credential } from "../inspector/types.ts";
import type { AccessRoom } from "../room.ts";
import { reportLeak } from "./report-leak.ts";

/** From one address. A scanner that finds more of them comes again a minute later. */
const REPORTS_PER_MINUTE = 10;

const ReportLeak = v.strictObject({ key: Credential });

export function createLeakRoutes(room: AccessRoom, guard: Guard) {
  const perAddress = new RateLimit(room.context.clock, REPORTS_PER_MINUTE);
  return new Elysia({ name: "leaks" }).use(guard).post(
    "/v1/keys/report-leak",
    async ({ request, body, set }) => {
      const info = requestOf(request);
      const retryAfterSeconds = perAddress.take(info.address === undefined ? "" : limitKeyOf(info.address));
      if (retryAfterSeconds > 0) {
        const message = `Too many reports from this address. Try again in ${retryAfterSeconds} s.`;
        throw new AppError("rate_limited", message, { retryAfterSeconds });
      }
      await reportLeak(room, info, body.key);
      set.status = 202;
      return { received: true };
    },
    {
      access: "public",
      body: ReportLeak,
      detail: {
        operationId: "reportLeakedKey",
        summary: "Report a leaked key",
        description:
          "Whoever found a secret key or a token sends all of it, and it is revoked at once; those it belongs to are told. The answer is the same whatever was found. A publishable key is no secret and stays.",
        tags: ["Keys"],
      },
    },
  );
}
