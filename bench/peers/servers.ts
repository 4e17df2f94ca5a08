import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../tests/support/free-port.ts";

export interface RedisServer {
  readonly url: string;
  readonly pid: number;
  remove(): Promise<void>;
}

/** With the append-only file, as BullMQ's guide to production wants it; nothing is ever evicted. */
export async function startRedis(appendfsync: "everysec" | "always"): Promise<RedisServer> {
  const binary = Bun.which("redis-server");
  if (!binary)
    throw new Error("no redis-server on the PATH: install Debian's package, or leave BullMQ out with --only");
  const folder = mkdtempSync(join(tmpdir(), "hatch-redis-"));
  const port = freePort();
  const settings = {
    port,
    bind: "127.0.0.1",
    dir: folder,
    save: "",
    appendonly: "yes",
    appendfsync,
    "maxmemory-policy": "noeviction",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = Bun.spawn([binary, ...args], { stdin: "ignore", stdout: "ignore", stderr: "inherit" });
  const abandon = (): void => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.on("exit", abandon);
  const answers = async (): Promise<boolean> => {
    try {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
      socket.end();
      return true;
    } catch {
      return false;
    }
  };
  for (let tries = 0; !(await answers()); tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error("redis-server did not start");
    await Bun.sleep(20);
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid,
    async remove() {
      process.off("exit", abandon);
      child.kill();
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
