import { main } from "./cli/run.ts";

await main(process.argv.slice(2));
