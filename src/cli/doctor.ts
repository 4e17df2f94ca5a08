import { serverOf } from "../app.ts";
import { BUILD } from "../config/build.ts";
import { readHolder } from "../database/lock.ts";
import { hasDatabase } from "../database/open.ts";
import type { Finding } from "../feature.ts";
import { systemClock } from "../kernel/clock.ts";
import type { JsonObject } from "../kernel/json.ts";
import { maskCredentials } from "../kernel/log.ts";
import type { Command } from "./command.ts";
import { askRunningServer } from "./control-client.ts";
import { examineFolder } from "./doctor-folder.ts";
import { examineInstallation } from "./doctor-installation.ts";
import { examineOutbound } from "./doctor-outbound.ts";
import { examineTls } from "./doctor-tls.ts";
import { EXIT } from "./exit.ts";
import { logForPerson, rootKeyFinder } from "./open-app.ts";

function examineServer(dataDirectory: string, status: JsonObject | undefined): Finding {
  const check = "server";
  if (status?.version === BUILD.version) return { check, ok: true, message: `It runs, as process ${status.pid}.` };
  if (status) {
    const message = `Version ${status.version} runs, this program is ${BUILD.version}. Restart the server.`;
    return { check, ok: false, message };
  }
  const holder = readHolder(dataDirectory);
  if (holder === undefined) return { check, ok: true, message: "None runs." };
  return { check, ok: true, message: `None answers; process ${holder} was the last.` };
}

const line = ({ check, ok, message }: Finding): string => `${ok ? "ok   " : "FAULT"}  ${check.padEnd(19)}  ${message}`;

export const command: Command = {
  name: "doctor",
  summary: "Examines an installation, running or not; writes nothing.",
  options: {},
  example: "hatch doctor --data ./hatch-data",
  async run(invocation) {
    const loaded = await invocation.loadConfig();
    const { config, databaseUrl } = loaded;
    const { dataDirectory } = config;
    const server = serverOf(config, databaseUrl);
    const findings = examineFolder(dataDirectory, { onServer: server !== undefined });
    findings.push(...examineTls(config.tls, systemClock.now()));
    findings.push(...(await examineOutbound(systemClock, config.outbound, loaded.proxyPassword)));
    if (server || hasDatabase(dataDirectory)) {
      const status = await askRunningServer(dataDirectory, "status", {});
      const claimant = typeof status?.claimant === "string" ? status.claimant : "";
      const log = logForPerson(invocation, loaded);
      const findRootKey = rootKeyFinder(invocation, config);
      findings.push(examineServer(dataDirectory, status));
      findings.push(...(await examineInstallation({ config, server, log, findRootKey, claimant })));
    }
    const ok = findings.every((finding) => finding.ok);
    const text = `${findings.map(line).join("\n")}\n\n${ok ? "All is well." : "There are faults."}`;
    invocation.terminal.out(maskCredentials(invocation.json ? JSON.stringify({ ok, findings }) : text));
    return ok ? EXIT.done : EXIT.failed;
  },
};
