import type { ConfigProblem } from "./errors.ts";
import { parseRoleOfGroup, type RoleOfGroup } from "./kinds.ts";
import type { SettingValues } from "./settings.ts";

/** An identity provider, and who we are to it. The client's secret goes its own way. */
export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** For people. */
  readonly name: string;
  readonly groupsClaim: string;
  readonly roles: readonly RoleOfGroup[];
  /** Passwords sign in operators and break-glass accounts only. */
  readonly required: boolean;
}

const expected = (where: string, message: string): ConfigProblem => ({ where, message: `expected ${message}` });

/** @returns undefined where no provider is set; what is missing is added to the problems */
export function settleOidc({ oidc, server }: SettingValues, problems: ConfigProblem[]): OidcSettings | undefined {
  const { issuer, clientId, clientSecret, name, groupsClaim, roles, required } = oidc;
  if (issuer === undefined) {
    const isMeant = clientId !== undefined || clientSecret !== undefined || required || roles.length > 0;
    if (isMeant)
      problems.push(expected("oidc.issuer", "the identity provider, because others of its settings are set"));
    return undefined;
  }
  if (clientId === undefined) problems.push(expected("oidc.clientId", "who we are to oidc.issuer"));
  if (server.publicUrl === undefined) {
    problems.push(expected("server.publicUrl", "where the provider sends people back to"));
  }
  if (clientId === undefined || server.publicUrl === undefined) return undefined;
  const roleOf = roles.map(parseRoleOfGroup).filter((role) => role !== undefined);
  return { issuer, clientId, name: name ?? new URL(issuer).host, groupsClaim, roles: roleOf, required };
}
