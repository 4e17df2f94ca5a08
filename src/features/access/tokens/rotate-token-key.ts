import { mutate } from "../../../journal/mutate.ts";
import type { Principal } from "../../../kernel/principal.ts";
import type { AccessRoom } from "../room.ts";

/** A new key signs all tokens from now on. Those that were signed before stay good until they run out. */
export const rotateTokenKey = ({ context, signing }: AccessRoom, principal: Principal): Promise<string> =>
  mutate(context, principal, async (writer) => {
    const id = await signing.addKey(writer);
    return {
      result: id,
      audit: [{ workspaceId: "", action: "token_key.rotated", target: id }],
      announce: [],
      jobs: [],
    };
  });
