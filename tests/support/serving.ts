import { serveControl } from "../../src/cli/control.ts";
import { answerOperation } from "../../src/cli/operations.ts";
import { claim, type OpenApp, openApp } from "./app.ts";
import { type Ended, type Given, runHere } from "./command-line.ts";

/** A server as `hatch serve` runs it, in this process: commands reach it through the socket in its data folder. */
export interface ServingApp extends OpenApp {
  readonly keys: { readonly live: string; readonly test: string };
  /** Runs a command that finds the server by its folder. */
  run(args: readonly string[], given?: Given): Promise<Ended>;
}

export async function openServingApp({ claimed = true } = {}): Promise<ServingApp> {
  const app = await openApp();
  const keys = claimed ? await claim(app) : { live: "", test: "" };
  const { config, log } = app.context;
  const control = serveControl({ dataDirectory: config.dataDirectory, answer: answerOperation(app), log });
  return {
    ...app,
    keys,
    run: (args, given) => runHere([...args, "--data", config.dataDirectory], given),
    async close() {
      await control.stop();
      await app.close();
    },
  };
}
