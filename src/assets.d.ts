declare module "*.css" {
  const text: string;
  export default text;
}

declare module "*.svg" {
  const text: string;
  export default text;
}

declare module "*.md" {
  const text: string;
  export default text;
}

/** Made by scripts/pages.ts. */
declare module "*/dist/pages/bundles.json" {
  const bundles: import("../static/bundle.ts").PageBundles;
  export default bundles;
}
