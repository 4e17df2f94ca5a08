import { type ErrorDetail, validationFailed } from "../../../kernel/errors.ts";
import type { EnvironmentKind } from "../../../kernel/principal.ts";
import { addressPolicy } from "../dispatch/send.ts";
import type { Room } from "../room.ts";

/** Refuses an endpoint where requests may not go. @returns what the caller should know all the same */
export async function vetEndpoint(room: Room, kind: EnvironmentKind, endpoint: string): Promise<readonly string[]> {
  const verdict = await room.outbound.vet(endpoint, addressPolicy(room.config, kind));
  switch (verdict.kind) {
    case "allowed":
      return [];
    case "unresolved":
      return [verdict.warning];
    case "refused":
      throw validationFailed(verdict.details.map(atEndpoint));
  }
}

const atEndpoint = ({ message }: ErrorDetail): ErrorDetail => ({ path: "endpoint", message });
