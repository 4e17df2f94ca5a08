import { nearest } from "../nearest.ts";

/** A text with names in braces, taken apart: `t={timestamp},v1={signature}`. */
export type Template<Name extends string> = readonly (string | { readonly name: Name })[];

/** @returns the template, or what is wrong with it in words */
export function parseTemplate<Name extends string>(text: string, names: readonly Name[]): Template<Name> | string {
  const parts: (string | { readonly name: Name })[] = [];
  let rest = text;
  while (rest !== "") {
    const [whole, plain = "", brace = "", name = ""] = /^([^{}]*)(\{([^{}]*)\}|[{}]?)/.exec(rest) ?? [rest, rest];
    if (plain !== "") parts.push(plain);
    if (brace.length === 1) return "A brace stands alone: a name is written {so}.";
    if (brace !== "") {
      const known = names.find((each) => each === name);
      if (known === undefined) return unknownName(name, names);
      parts.push({ name: known });
    }
    rest = rest.slice(whole.length);
  }
  return parts;
}

function unknownName(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  if (near !== undefined) return `There is no {${name}}. Did you mean {${near}}?`;
  return `There is no {${name.slice(0, 40)}}: use ${names.map((each) => `{${each}}`).join(", ")}.`;
}

export const countOf = <Name extends string>(template: Template<Name>, name: Name): number =>
  template.filter((part) => typeof part === "object" && part.name === name).length;

export const fill = <Name extends string>(template: Template<Name>, values: Readonly<Record<Name, string>>): string =>
  template.map((part) => (typeof part === "string" ? part : values[part.name])).join("");
