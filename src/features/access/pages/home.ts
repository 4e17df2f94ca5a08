import { leadTo } from "../../../http/site-answer.ts";
import type { AccessRoom } from "../room.ts";
import { listPlaces, type PlaceRow } from "../sessions/store.ts";
import type { HomePlace } from "./home.tsx";
import { findVisit, installationOf, mustSetPassword, show, type Visit } from "./visit.ts";

const roleIn = ({ kind, role, live_role }: PlaceRow) => (kind === "live" ? (live_role ?? role) : role);

function closedFor({ session }: Visit, place: PlaceRow): string | undefined {
  if (place.suspended_reason !== null) return "suspended";
  const wantsFactor = place.factor_roles.split(",").includes(roleIn(place));
  return wantsFactor && !session.hasFactor && !session.acting ? "asks for a second factor" : undefined;
}

/** By workspace, `test` before `live`: what one begins with comes first. */
const inOrder = (a: PlaceRow, b: PlaceRow): number =>
  a.workspace_name.localeCompare(b.workspace_name) ||
  a.workspace_id.localeCompare(b.workspace_id) ||
  b.kind.localeCompare(a.kind);

const placeOf = (visit: Visit, place: PlaceRow): HomePlace => ({
  id: place.environment_id,
  kind: place.kind,
  workspaceId: place.workspace_id,
  workspaceName: place.workspace_name,
  role: roleIn(place),
  closed: closedFor(visit, place),
});

/** The start page of whoever is signed in; undefined for everybody else. */
export async function showHome(room: AccessRoom, request: Request): Promise<Response | undefined> {
  const visit = await findVisit(room, request);
  if (!visit) return undefined;
  if (mustSetPassword(visit)) return leadTo("/set-password");
  const rows = await room.context.database.read((reader) => listPlaces(reader, visit.principal.accountId));
  const { renderHome } = await import("./home.tsx");
  const places = rows.toSorted(inOrder).map((row) => placeOf(visit, row));
  return show(room, request, await renderHome({ visit, places, installation: installationOf(room) }));
}
