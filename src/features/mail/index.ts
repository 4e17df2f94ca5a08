export { createMail, type Mail } from "./feature.ts";
export { MAIL_STATES, type MailRow } from "./store.ts";
