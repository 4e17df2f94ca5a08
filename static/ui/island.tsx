/** @jsxImportSource preact */
import { type ComponentType, type FunctionComponent, hydrate } from "preact";

/**
 * A part of a page that moves: written by the server like any other, taken over by the browser. Its props cross as JSON, so
 * they are neither functions nor children.
 */
export interface Island<Props extends object> extends FunctionComponent<Props> {
  readonly islandName: string;
  readonly Inside: ComponentType<Props>;
}

declare module "preact" {
  namespace JSX {
    interface IntrinsicElements {
      /** Lays out nothing of its own. */
      "hatch-island": { readonly name: string; readonly given: string; readonly children?: ComponentChildren };
    }
  }
}

/** @param name unique over all islands; the browser finds the component by it */
export function createIsland<Props extends object>(name: string, Inside: ComponentType<Props>): Island<Props> {
  const Outside = (props: Props) => (
    <hatch-island name={name} given={JSON.stringify(props)}>
      <Inside {...props} />
    </hatch-island>
  );
  return Object.assign(Outside, { islandName: name, Inside });
}

/** Called once by a page's own script, with the islands that the page may hold. */
export function hydrateIslands(islands: readonly { readonly islandName: string; readonly Inside: unknown }[]): void {
  const byName = new Map(islands.map((island) => [island.islandName, island]));
  for (const element of document.querySelectorAll("hatch-island")) {
    // An island inside another one is that one's business.
    if (element.parentElement?.closest("hatch-island")) continue;
    const Inside = byName.get(element.getAttribute("name") ?? "")?.Inside as ComponentType<object> | undefined;
    if (Inside) hydrate(<Inside {...(JSON.parse(element.getAttribute("given") ?? "{}") as object)} />, element);
  }
}
