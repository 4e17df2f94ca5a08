// Each call makes an object of its own: Elysia takes apart the one that a route is given.

const HIDDEN = { hide: true } as const;

/** A page for everybody, who knows whoever is signed in. */
export const openPage = () => ({ access: "public", page: true, detail: { ...HIDDEN } }) as const;
/** A page for whoever is signed in, about themselves. */
export const ownPage = () => ({ access: { account: "self" }, page: true, detail: { ...HIDDEN } }) as const;
/** … that nobody sees who acts as another. */
export const securityPage = () => ({ ...ownPage(), impersonation: "never" }) as const;
/** A page for who operates the installation. */
export const operatorPage = () => ({ access: { account: "operator" }, page: true, detail: { ...HIDDEN } }) as const;
