import type { WrittenSettings } from "../config/settings.ts";
import type { WrittenProgram } from "../features/progression/index.ts";

/**
 * What a configuration file exports: `export default { … } satisfies HatchConfig`. Every part is optional; what is not
 * set here has its default. Outside this repository `hatch init` writes the same as `hatch-config.d.ts`.
 */
export interface HatchConfig extends WrittenSettings {
  /** The rules of the game, published by `hatch apply`. */
  readonly program?: WrittenProgram;
}
