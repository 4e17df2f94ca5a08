import { test } from "bun:test";
import { runGuide } from "./snippets.ts";

// Followed from its first block to its last, with the built executable.
test("program-by-example", () => runGuide("program-by-example", { server: false }), 60_000);
