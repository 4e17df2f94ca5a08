import type { JsonObject, JsonValue } from "../kernel/json.ts";

const LINE_MAX = 100;

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const propertiesOf = (schema: JsonObject): Readonly<Record<string, JsonObject>> =>
  (isObject(schema.properties) ? schema.properties : {}) as Readonly<Record<string, JsonObject>>;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const nameText = (name: string): string => (IDENTIFIER.test(name) ? name : JSON.stringify(name));

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** What an editor shows of a name: what it means, then the bounds that TypeScript has no words for. */
function docOf(schema: JsonObject, indent: string): string {
  const sentences = [
    ...(typeof schema.description === "string" ? [schema.description] : []),
    ...(schema.type === "integer" && typeof schema.minimum === "number"
      ? [`A whole number from ${schema.minimum} to ${schema.maximum}.`]
      : []),
    ...(schema.default !== undefined && !isObject(schema.default)
      ? [`Default: ${JSON.stringify(schema.default)}.`]
      : []),
  ];
  if (sentences.length === 0) return "";
  // What is said is ours, but a comment must end where it ends.
  const lines = wrap(sentences.join(" ").replaceAll("*/", "*\\/"), LINE_MAX - indent.length);
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}

/**
 * Writes JSON Schemas as TypeScript: so much of both as configuration needs. Objects are closed unless their schema says
 * otherwise, everything is readonly, and what `names` lists by path (`rules.*`) becomes a declaration of its own.
 */
export class TypeText {
  readonly #names: Readonly<Record<string, string>>;
  readonly #declarations: string[] = [];

  constructor(names: Readonly<Record<string, string>>) {
    this.#names = names;
  }

  /** All that was declared, in the order in which it was met. */
  get text(): string {
    return this.#declarations.join("\n");
  }

  declare(name: string, schema: JsonObject, path = ""): void {
    const at = this.#declarations.push("") - 1;
    const doc = docOf(schema, "");
    const type = this.#write(schema, path, "");
    this.#declarations[at] =
      schema.type === "object" ? `${doc}export interface ${name} ${type}\n` : `${doc}export type ${name} = ${type};\n`;
  }

  #type(schema: JsonObject, path: string, indent: string): string {
    const name = Object.hasOwn(this.#names, path) ? this.#names[path] : undefined;
    if (name === undefined) return this.#write(schema, path, indent);
    // Said where it is used; the name itself stands for many.
    const { description: _, ...named } = schema;
    this.declare(name, named, path);
    return name;
  }

  #write(schema: JsonObject, path: string, indent: string): string {
    if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    if (Array.isArray(schema.anyOf)) return this.#choice(schema.anyOf as readonly JsonObject[], path, indent);
    switch (schema.type) {
      case "string":
      case "boolean":
        return schema.type;
      case "integer":
      case "number":
        return "number";
      case "array":
        return this.#list(schema, path, indent);
      case "object":
        return this.#object(schema, path, indent);
      default:
        return "unknown";
    }
  }

  #list({ items }: JsonObject, path: string, indent: string): string {
    const item = isObject(items) ? this.#type(items, join(path, "*"), indent) : "unknown";
    return /^[\w."]+$/.test(item) ? `readonly ${item}[]` : `readonly (${item})[]`;
  }

  /** Of several closed objects each says which names belong to the others, else TypeScript would take a mixture. */
  #choice(choices: readonly JsonObject[], path: string, indent: string): string {
    const all = new Set(choices.flatMap((choice) => Object.keys(propertiesOf(choice))));
    const texts = choices.map((choice) => {
      const others = [...all].filter((name) => !(name in propertiesOf(choice)));
      return this.#write(choice.type === "object" ? { ...choice, notThese: others } : choice, path, indent);
    });
    return [...new Set(texts)].join(" | ");
  }

  #object(schema: JsonObject, path: string, indent: string): string {
    const properties = Object.entries(propertiesOf(schema));
    const { additionalProperties: others } = schema;
    if (properties.length === 0 && others !== false) {
      const value =
        isObject(others) && others.type !== undefined ? this.#type(others, join(path, "*"), indent) : "unknown";
      return `{ readonly [name: string]: ${value} }`;
    }
    const inner = `${indent}  `;
    const required: readonly JsonValue[] = Array.isArray(schema.required) ? schema.required : [];
    const lines = properties.map(([name, property]) => {
      const type = this.#type(property, join(path, name), inner);
      return `${docOf(property, inner)}${inner}readonly ${nameText(name)}${required.includes(name) ? "" : "?"}: ${type};\n`;
    });
    const never = Array.isArray(schema.notThese) ? schema.notThese : [];
    for (const name of never) lines.push(`${inner}readonly ${nameText(String(name))}?: never;\n`);
    return `{\n${lines.join("")}${indent}}`;
  }
}

const join = (path: string, step: string): string => (path === "" ? step : `${path}.${step}`);
