import type { JsonObject } from "../kernel/json.ts";
import type { WrittenSettings } from "./settings.ts";

/**
 * What a configuration file exports: `export default { … } satisfies HatchConfig`. Every part is optional; what is not
 * set here has its default.
 */
export interface HatchConfig extends WrittenSettings {
  /** The rules of the game, published by `hatch apply`. */
  readonly program?: JsonObject;
}
