import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { FLOOR_RULES } from "./tidy/floors.ts";
import { ONE_PLACE_RULES } from "./tidy/one-place.ts";
import { RECORD_RULES } from "./tidy/records.ts";
import type { Rule } from "./tidy/rule.ts";
import { readHouse, sourceFile } from "./tidy/source.ts";
import { SQL_RULES } from "./tidy/sql.ts";

const RULES: readonly Rule[] = [...FLOOR_RULES, ...ONE_PLACE_RULES, ...SQL_RULES, ...RECORD_RULES];
const house = readHouse(join(import.meta.dir, ".."));

describe("the house", () => {
  test("is read at all", () => {
    expect(house.sources.length).toBeGreaterThan(20);
    expect(house.migrations.length).toBeGreaterThan(0);
    expect(house.documents.length).toBeGreaterThan(0);
  });

  for (const rule of RULES) {
    test(rule.name, () => expect(rule.find(house)).toEqual([]));
  }
});

describe("a rule that could not fail would prove nothing", () => {
  for (const rule of RULES) {
    test(`each offender is found: ${rule.name}`, () => {
      expect(rule.offenders.length).toBeGreaterThan(0);
      for (const offender of rule.offenders) {
        expect({
          offender: offender.sources[0]?.text ?? offender,
          found: rule.find(offender).length > 0,
        }).toMatchObject({
          found: true,
        });
      }
      for (const innocent of rule.innocents ?? []) expect(rule.find(innocent)).toEqual([]);
    });
  }
});

describe("reading a source", () => {
  test("comments and strings are told from code", () => {
    const file = sourceFile(
      "a.ts",
      'const a = /[/\'"]/; // x `\nconst b = `y ${f({ c: "z" })} /* no */`; /* gone */ d();',
    );
    expect(file.bare).toContain("const b =");
    expect(file.bare).toContain("f({ c:");
    expect(file.bare).toContain("d();");
    expect(file.bare).not.toMatch(/gone|no|z/);
    expect(file.code).toContain("/* no */");
    expect(file.code).not.toContain("gone");
    expect(file.strings.map(({ value }) => value)).toEqual(["z", 'y ${f({ c: "z" })} /* no */']);
  });

  test("imports of every kind are seen", () => {
    const text =
      'import a from "./a.ts";\nimport type { B } from "./b.ts";\nexport * from "./c.ts";\nawait import("./d.ts");\nimport {\n  e,\n} from "./e.ts";\nimport "./f.ts";\n// import x from "./x.ts"';
    expect(sourceFile("s.ts", text).imports).toEqual(["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts"]);
  });
});
