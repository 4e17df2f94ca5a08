import { describe, expect, test } from "bun:test";
import { parseRoleOfGroup } from "../../../config/kinds.ts";
import type { Id } from "../../../kernel/ids.ts";
import { changesTo, wantedMemberships } from "./wanted-roles.ts";

const ONE: Id<"ws"> = "ws_01kag6w8y50v3a9j2k7c4e6g8m";
const TWO: Id<"ws"> = "ws_01kag6w8y50v3a9j2k7c4e6g8n";
const roles = (...texts: string[]) => texts.map(parseRoleOfGroup).filter((role) => role !== undefined);

describe("what groups ask for", () => {
  test("of several the role that holds most; a developer only looks at live", () => {
    const wanted = wantedMemberships(["staff", "engineers"], roles("staff=viewer", "engineers=developer"), [ONE]);
    expect(wanted).toEqual([{ workspace_id: ONE, role: "developer", live_role: "viewer" }]);
  });

  test("nothing for groups that nobody named, and none for no groups", () => {
    expect(wantedMemberships(["Staff"], roles("staff=viewer"), [ONE])).toEqual([]);
    expect(wantedMemberships([], roles("staff=viewer"), [ONE])).toEqual([]);
  });

  test("where there are several workspaces, one has to be named, and has to exist", () => {
    expect(wantedMemberships(["staff"], roles("staff=admin"), [ONE, TWO])).toEqual([]);
    expect(wantedMemberships(["staff"], roles(`staff=admin@${TWO}`), [ONE, TWO])).toEqual([
      { workspace_id: TWO, role: "admin", live_role: null },
    ]);
    expect(wantedMemberships(["staff"], roles(`staff=admin@${TWO}`), [ONE])).toEqual([]);
  });
});

test("a role in live that was set by hand stays while the role stays", () => {
  const current = [{ workspace_id: ONE, role: "developer", live_role: "developer" } as const];
  const wanted = [{ workspace_id: ONE, role: "developer", live_role: "viewer" } as const];
  expect(changesTo(current, wanted)).toEqual({ put: [], remove: [] });
  expect(changesTo(current, [])).toEqual({ put: [], remove: [ONE] });
});
