export { createStats } from "./feature.ts";
