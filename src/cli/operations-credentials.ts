import * as v from "valibot";
import type { App } from "../app.ts";
import { InspectCredential, inspectionView } from "../features/access/index.ts";
import { parseInput } from "../http/validate.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { OperatorPrincipal } from "../kernel/principal.ts";

const nullable = v.nullable(v.string());
const Inspect = v.object({ credential: v.string(), method: nullable, path: nullable, origin: nullable });

const given = <const N extends string>(name: N, value: string | null) => (value === null ? {} : { [name]: value });

/** Whichever environment it belongs to: the operator stands above them. */
export async function inspectCredential(
  { access }: App,
  principal: OperatorPrincipal,
  input: JsonObject,
): Promise<JsonObject> {
  const { credential, method, path, origin } = parseInput(Inspect, input);
  const wanted = parseInput(InspectCredential, {
    credential,
    ...given("method", method),
    ...given("path", path),
    ...given("origin", origin),
  });
  return inspectionView(await access.inspectCredential(principal, wanted));
}

export const rotateTokenKey = async ({ access }: App, principal: OperatorPrincipal): Promise<JsonObject> => ({
  keyId: await access.rotateTokenKey(principal),
});
