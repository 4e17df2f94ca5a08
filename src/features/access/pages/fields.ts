/** What the forms of these pages send, beside what proves that it was one of ours. */
export const SIGN_IN_FIELDS = ["email", "password", "next"] as const;
export const FACTOR_FIELDS = ["code", "recovery", "next"] as const;
export const FORGOT_FIELDS = ["email"] as const;
export const RESET_FIELDS = ["token", "password"] as const;
/** Of the pages that a mailed link leads to and that ask for nothing else. */
export const TOKEN_FIELDS = ["token"] as const;
export const ACCEPT_FIELDS = ["name", "password"] as const;
export const NAME_FIELDS = ["name"] as const;
export const EMAIL_FIELDS = ["email", "password"] as const;
export const PASSWORD_FIELDS = ["current", "password"] as const;
export const CONFIRM_FACTOR_FIELDS = ["code"] as const;
export const REMOVE_FACTOR_FIELDS = ["password", "code"] as const;
export const SESSION_FIELDS = ["session"] as const;
export const ACT_FIELDS = ["reason", "minutes", "changes"] as const;
export const ONE_TIME_FIELDS = ["why", "removeFactor"] as const;
