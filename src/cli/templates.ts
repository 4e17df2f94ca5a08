import community from "../../static/templates/community.ts" with { type: "text" };
import learning from "../../static/templates/learning.ts" with { type: "text" };
import retail from "../../static/templates/retail.ts" with { type: "text" };
import saas from "../../static/templates/saas.ts" with { type: "text" };
import { assert } from "../kernel/assert.ts";
import { TYPES_FILE } from "./config-types.ts";

interface Template {
  /** Ends the sentence "A program for …". */
  readonly purpose: string;
  readonly source: unknown;
}

/** TypeScript takes the imports above for what the files export; they are their texts. */
const TEMPLATES: Readonly<Record<string, Template>> = {
  learning: { purpose: "an app that people learn with", source: learning },
  saas: { purpose: "a product that people work with", source: saas },
  retail: { purpose: "a shop", source: retail },
  community: { purpose: "a forum or a group", source: community },
};

export const TEMPLATE_NAMES: readonly string[] = Object.keys(TEMPLATES);

/** In this repository a template is checked against the types that the generated ones are written from. */
const TYPES_HERE = '"../../src/cli/hatch-config.ts"';

/** A configuration file as it is written for somebody; undefined where there is no such template. */
export function findTemplate(name: string): { readonly purpose: string; readonly text: string } | undefined {
  const template = Object.hasOwn(TEMPLATES, name) ? TEMPLATES[name] : undefined;
  if (!template) return undefined;
  const { purpose, source } = template;
  assert(typeof source === "string" && source.split(TYPES_HERE).length === 2, "a template names its types once");
  return { purpose, text: source.replace(TYPES_HERE, JSON.stringify(`./${TYPES_FILE}`)) };
}
