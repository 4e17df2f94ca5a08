export { createEncryption, type Encryption } from "./feature.ts";
export type { EncryptionStatus, RotationStatus } from "./status.ts";
