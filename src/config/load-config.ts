import { resolve } from "node:path";
import type { JsonObject, JsonValue } from "../kernel/json.ts";
import type { Config } from "./config.ts";
import { type ConfigFile, findConfigFile, readConfigFile } from "./config-file.ts";
import type { Environment } from "./environment.ts";
import { ConfigError, type ConfigProblem } from "./errors.ts";
import { settleMail } from "./mail.ts";
import { settleOidc } from "./oidc.ts";
import { isJsonObject } from "./plain-data.ts";
import { settleOutbound } from "./proxy.ts";
import { SETTING_LIST, type SettingEntry, type SettingValues } from "./settings.ts";
import { readSmallTextFile } from "./text-file.ts";
import { settleTls } from "./tls.ts";

export interface ConfigFlags {
  readonly data: string | undefined;
  readonly config: string | undefined;
  /** False with `--no-config-code`. */
  readonly allowCode: boolean;
  /** By path, e.g. `server.port`: the flag as it was written, and its text. */
  readonly settings: Readonly<Record<string, { readonly flag: string; readonly text: string }>>;
}

export interface ConfigSources {
  readonly flags: ConfigFlags;
  readonly environment: Environment;
  readonly workingDirectory: string;
  /** In place of `hatch-data`. */
  readonly dataDirectory?: string;
}

/** One setting as `hatch config explain` shows it. */
export interface ExplainedSetting {
  readonly path: string;
  readonly value: JsonValue;
  /** `flag --port`, `environment HATCH_SERVER_PORT`, `config file /etc/hatch.config.json`, `default` … */
  readonly source: string;
  readonly variable: string;
  readonly description: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** A secret, so no part of the settings: undefined where the database is the file in the data folder. */
  readonly databaseUrl: string | undefined;
  /** A secret too; set where `config.mail` has a user. */
  readonly mailPassword: string | undefined;
  /** A secret as well; a public client has none. */
  readonly oidcClientSecret: string | undefined;
  /** And this one; set where `config.outbound.proxy` has a user. */
  readonly proxyPassword: string | undefined;
  readonly explained: readonly ExplainedSetting[];
  readonly file: string | undefined;
}

/**
 * Variables of ours that are no settings: the first two are read here, the others belong to callers of the API (the
 * documentation's examples) and are none of the server's business. The root key has names of its own, see root-key.ts.
 */
const OWN_VARIABLES: ReadonlySet<string> = new Set([
  "HATCH_CONFIG",
  "HATCH_DATA",
  "HATCH_KEY",
  "HATCH_KEY_FILE",
  "HATCH_URL",
  "HATCH_WEBHOOK_SECRET",
]);

/** In the working directory, where neither `--data` nor `HATCH_DATA` says otherwise. */
const DATA_DIRECTORY = "hatch-data";

interface Found {
  readonly written: unknown;
  readonly source: string;
}

function unknownVariables(environment: Environment): ConfigProblem[] {
  const known = new Set(SETTING_LIST.flatMap(({ variable }) => [variable, `${variable}_FILE`]));
  return Object.keys(environment)
    .filter((name) => name.startsWith("HATCH_") && !known.has(name) && !OWN_VARIABLES.has(name))
    .sort()
    .map((name) => ({ where: name, message: "expected the name of a setting, see `hatch config explain`" }));
}

function unknownKeys({ path, content }: ConfigFile): ConfigProblem[] {
  const sections = new Set(SETTING_LIST.map(({ section }) => section));
  const problems: ConfigProblem[] = [];
  for (const [section, entries] of Object.entries(content)) {
    if (section === "program") {
      if (!isJsonObject(entries)) problems.push({ where: `program (${path})`, message: "expected an object" });
    } else if (!sections.has(section)) {
      const expected = [...sections, "program"].join(", ");
      problems.push({ where: `${section} (${path})`, message: `unknown, expected one of ${expected}` });
    } else if (!isJsonObject(entries)) {
      problems.push({ where: `${section} (${path})`, message: "expected an object" });
    } else {
      const names = SETTING_LIST.filter((setting) => setting.section === section).map(({ name }) => name);
      for (const name of Object.keys(entries).filter((name) => !names.includes(name))) {
        problems.push({
          where: `${section}.${name} (${path})`,
          message: `unknown, expected one of ${names.join(", ")}`,
        });
      }
    }
  }
  return problems;
}

/** Flag, then environment, then the file that the environment names. */
function findText(setting: SettingEntry, sources: ConfigSources, problems: ConfigProblem[]): Found | undefined {
  const flag = sources.flags.settings[setting.path];
  if (flag) return { written: setting.kind.fromText(flag.text), source: `flag ${flag.flag}` };
  const variable = setting.variable;
  const text = sources.environment[variable];
  // An empty variable of a setting that may be absent is how compose files say "not set".
  const absent = (value: string): boolean => value === "" && setting.default === undefined;
  if (text !== undefined && !absent(text)) {
    return { written: setting.kind.fromText(text), source: `environment ${variable}` };
  }
  const file = sources.environment[`${variable}_FILE`];
  if (file === undefined || file === "") return undefined;
  const content = readSmallTextFile(resolve(sources.workingDirectory, file));
  const source = `file of ${variable}_FILE`;
  if (content === undefined) {
    problems.push({ where: `${setting.path} (${source})`, message: "expected a readable file of at most 64 KiB" });
    return undefined;
  }
  return absent(content) ? undefined : { written: setting.kind.fromText(content), source };
}

function findWritten(setting: SettingEntry, file: ConfigFile | undefined): Found | undefined {
  const section = file?.content[setting.section];
  const written = isJsonObject(section) ? section[setting.name] : undefined;
  return file && written !== undefined ? { written, source: `config file ${file.path}` } : undefined;
}

function settle(
  setting: SettingEntry,
  found: Found | undefined,
  problems: ConfigProblem[],
): { readonly value: unknown; readonly explained: ExplainedSetting } {
  let value = setting.default;
  if (found) {
    value = setting.kind.parse(found.written);
    if (value === undefined) {
      problems.push({ where: `${setting.path} (${found.source})`, message: `expected ${setting.kind.expected}` });
    }
  }
  return {
    value,
    explained: {
      path: setting.path,
      value: value === undefined ? null : setting.kind.show(value),
      source: found?.source ?? "default",
      variable: setting.variable,
      description: setting.description,
    },
  };
}

function crossCheck({ webhooks, audit, events, retention }: SettingValues): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (webhooks.concurrencyPerEndpoint > webhooks.concurrency) {
    problems.push({ where: "webhooks.concurrencyPerEndpoint", message: "expected at most webhooks.concurrency" });
  }
  if (retention.inboundPayloads < events.lateWindow) {
    problems.push({ where: "retention.inboundPayloads", message: "expected at least events.lateWindow" });
  }
  for (const name of ["outboundBodies", "attempts"] as const) {
    if (retention[name] > retention.deliveries) {
      problems.push({ where: `retention.${name}`, message: "expected at most retention.deliveries" });
    }
  }
  if (audit.streamTo !== undefined && audit.streamFile !== undefined) {
    problems.push({ where: "audit.streamFile", message: "expected either it or audit.streamTo, not both" });
  }
  return problems;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/** Where everything lies: `--data`, else `HATCH_DATA`, else `hatch-data` in the working directory. */
const dataDirectoryOf = (sources: ConfigSources): string =>
  resolve(
    sources.workingDirectory,
    sources.flags.data || sources.environment.HATCH_DATA || (sources.dataDirectory ?? DATA_DIRECTORY),
  );

/**
 * All settings from all their sources, the nearest one first: flag, environment, file named by the environment,
 * configuration file, default.
 * @throws ConfigError with everything that is wrong, not only the first
 */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const { flags, environment, workingDirectory } = sources;
  const dataDirectory = dataDirectoryOf(sources);
  const path = findConfigFile({
    named: flags.config ?? (environment.HATCH_CONFIG || undefined),
    dataDirectory,
    workingDirectory,
  });
  const file = path === undefined ? undefined : await readConfigFile(path, flags.allowCode);

  const problems = [...unknownVariables(environment), ...(file ? unknownKeys(file) : [])];
  const values: Record<string, Record<string, unknown>> = {};
  const explained: ExplainedSetting[] = [];
  for (const setting of SETTING_LIST) {
    const found = findText(setting, sources, problems) ?? findWritten(setting, file);
    const settled = settle(setting, found, problems);
    values[setting.section] = { ...values[setting.section], [setting.name]: settled.value };
    explained.push(settled.explained);
  }
  // The table's types say what its kinds have just checked, one by one.
  const checked = values as SettingValues;
  if (problems.length === 0) problems.push(...crossCheck(checked));
  const mail = problems.length === 0 ? settleMail(checked, problems) : undefined;
  const oidc = problems.length === 0 ? settleOidc(checked, problems) : undefined;
  const tls = problems.length === 0 ? settleTls(checked, problems) : undefined;
  const outbound = problems.length === 0 ? settleOutbound(checked, problems) : undefined;
  if (problems.length > 0 || outbound === undefined) {
    throw new ConfigError(problems, "`hatch config explain` lists every setting.");
  }
  const program = file?.content.program as JsonObject | undefined;
  const { url: databaseUrl, ...database } = checked.database;
  const { adminHost, adminPort, ...server } = checked.server;
  const adminListener = adminPort === undefined ? undefined : { host: adminHost, port: adminPort };
  const mailPassword = checked.mail.password;
  const oidcClientSecret = checked.oidc.clientSecret;
  const { proxyPassword } = checked.outbound;
  const config = deepFreeze({
    dataDirectory,
    ...checked,
    server,
    adminListener,
    database,
    mail,
    oidc,
    tls,
    outbound,
    program,
  });
  return { config, databaseUrl, mailPassword, oidcClientSecret, proxyPassword, explained, file: file?.path };
}
