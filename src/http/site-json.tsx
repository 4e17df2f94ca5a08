/** @jsxImportSource preact */
import { Code } from "../../static/ui/code.tsx";
import type { JsonValue } from "../kernel/json.ts";
import { formatJson } from "./site-code.ts";

/** JSON with what is a value set apart from names, and both from what is only syntax. */
export const Json = ({ value }: { readonly value: JsonValue }) => <Code text={formatJson(value)} language="json" />;
