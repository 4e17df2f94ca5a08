/** Ids that the examples of several folders show. */
export const ACCOUNT_ID = "acc_01kag6w8y8t7e4x1z6p2q9r5jd";
export const WORKSPACE_ID = "ws_01kag6w8y50v3a9j2k7c4e6g8m";
export const PERSON_ID = "acc_01kag6w9k4n2s8v5x7z1b3d6fh";
