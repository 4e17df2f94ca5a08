import type { Context } from "../../context.ts";
import { DATA_KEYS_SEALED } from "../../database/data-keys.ts";
import type { Feature } from "../../feature.ts";
import { CLAIMS_SEALED } from "../../journal/idempotency.ts";
import { MAIL_SEALED } from "../../journal/mail.ts";
import type { SealedColumn } from "../../kernel/crypto.ts";
import { describeError } from "../../kernel/log.ts";
import type { Principal } from "../../kernel/principal.ts";
import { examineSealed } from "./examine.ts";
import { registerMetrics } from "./metrics.ts";
import { RESEAL_JOB, Rotation, type RotationOptions } from "./rotation.ts";
import { type EncryptionStatus, findStatus, type RotationStatus, showRotation } from "./status.ts";

/** What the command line uses of this room. */
export interface Encryption {
  readonly feature: Feature;
  /** Every column of sealed values, of all rooms. */
  readonly columns: readonly SealedColumn[];
  /**
   * Begins a rotation, or has the one that was begun go on. Where the server runs it goes on by itself; else this comes
   * back when it is over.
   */
  rotate(principal: Principal, options: { readonly leaveDamaged: boolean }): Promise<RotationStatus>;
  /** How far it is, without a look at the values. */
  progress(): Promise<RotationStatus>;
  /** The whole picture: reads every mark of every column. */
  status(): Promise<EncryptionStatus>;
}

/** What the floors below the rooms keep sealed. */
const FLOORS_SEALED: readonly SealedColumn[] = [...DATA_KEYS_SEALED, ...MAIL_SEALED, ...CLAIMS_SEALED];

/** @param features every other room: what they keep sealed is reached by the rotation */
export function createEncryption(
  context: Context,
  features: readonly Pick<Feature, "sealed">[],
  { findRootKey }: Pick<RotationOptions, "findRootKey">,
): Encryption {
  const columns = [...FLOORS_SEALED, ...features.flatMap(({ sealed = [] }) => sealed)];
  const rotation = new Rotation(context, { columns, findRootKey });
  const own = (): Principal => ({ kind: "system", name: "encryption", request: { id: context.ids.next("req") } });
  registerMetrics(context, rotation);
  const stopping = new AbortController();
  let isServing = false;
  const run = (): Promise<unknown> => rotation.run(own(), stopping.signal);
  const progress = (): Promise<RotationStatus> => showRotation(context, rotation);
  return {
    columns,
    feature: {
      name: "encryption",
      jobs: [{ kind: RESEAL_JOB, run: (_, { signal }) => rotation.run(own(), signal) }],
      async start() {
        await rotation.note(own());
        isServing = true;
      },
      async stop() {
        stopping.abort();
        await rotation.ended();
      },
      examine: (examined) => examineSealed(examined, columns),
    },
    async rotate(principal, options) {
      await rotation.begin(principal, options);
      if (!isServing) await run();
      // At once, and not with the job's next turn; that one finds it done, or goes on where a crash cut this off.
      else void run().catch((error) => context.log.error("the rotation was interrupted", describeError(error)));
      return progress();
    },
    progress,
    status: () => findStatus(context, rotation, { findRootKey }),
  };
}
