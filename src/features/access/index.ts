export { ACCESS_EVENTS, type Access, createAccess } from "./feature.ts";
export { InspectCredential } from "./inspector/types.ts";
export { inspectionView } from "./inspector/view.ts";
export type { ListedAccount } from "./people/accounts/operate.ts";
export { MailAddress } from "./people/fields.ts";
export { ACCESS_REFERENCE } from "./reference.ts";
export { findGoneWorkspace } from "./retention/store.ts";
export { listEnvironments } from "./store.ts";
export type { Environment, IssuedKey, Key, NewInstallation, NewWorkspace } from "./types.ts";
export { CreateKey, CreateWorkspace, Name, PASSWORD_CHARACTERS_MIN, Reason, RotateKey, SetUp } from "./types.ts";
export type { ListedWorkspace } from "./workspaces/list.ts";
export {
  type Contact,
  findDigestSettings,
  listContacts,
  listDigestSettings,
  type WorkspaceDigest,
} from "./workspaces/settings.ts";
export { findWorkspaceState } from "./workspaces/store.ts";
