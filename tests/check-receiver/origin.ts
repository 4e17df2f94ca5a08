import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import printed from "./origin.txt" with { type: "text" };

/** The verify function of the document that the webhooks come from, letter by letter. */
export const PRINTED = printed as unknown as string;

const SIGNATURE = "function verify(req: Request, secret: string): boolean {";
/** As printed it awaits in a function that is not async: every reader has had to add these two words. */
const RUNNABLE = "export async function verify(req: Request, secret: string): Promise<boolean> {";

export const isRunnableAsPrinted = (): boolean => {
  try {
    new Bun.Transpiler({ loader: "ts" }).transformSync(PRINTED);
    return true;
  } catch {
    return false;
  }
};

export type Verify = (request: Request, secret: string) => Promise<boolean>;

export async function loadOrigin(): Promise<Verify> {
  if (!PRINTED.includes(SIGNATURE)) throw new Error("the printed function has another signature");
  const folder = mkdtempSync(join(tmpdir(), "hatch-origin-"));
  const file = join(folder, "verify.ts");
  try {
    writeFileSync(file, PRINTED.replace(SIGNATURE, RUNNABLE));
    const { verify } = (await import(file)) as { readonly verify: Verify };
    return verify;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A server around it that does what the document says: 401 where it fails. */
export function startOrigin(verify: Verify, secret: string): { readonly url: string; stop(): Promise<void> } {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => new Response(null, { status: (await verify(request, secret)) ? 204 : 401 }),
    error: () => new Response("Internal Server Error", { status: 500 }),
  });
  return { url: `http://127.0.0.1:${server.port}/hooks`, stop: () => server.stop(true) };
}
