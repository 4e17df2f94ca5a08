export { ACCESS_EVENTS, type Access, createAccess } from "./feature.ts";
export { ACCESS_REFERENCE } from "./reference.ts";
export type { Environment, IssuedKey, Key, NewInstallation, NewWorkspace } from "./types.ts";
export { CreateKey, CreateWorkspace, PASSWORD_CHARACTERS_MIN, RotateKey, SetUp } from "./types.ts";
