import { keep, kept } from "./keep.ts";

const groups = (): NodeListOf<HTMLElement> => document.querySelectorAll<HTMLElement>('[data-tabs="language"]');

/** Shows one panel of a block; a block without that language stays as it is. */
function show(group: HTMLElement, name: string): void {
  const tabs = [...group.querySelectorAll<HTMLElement>("[data-tab]")];
  if (!tabs.some((tab) => tab.dataset.tab === name)) return;
  for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.tab === name));
  for (const panel of group.querySelectorAll<HTMLElement>("[data-panel]")) panel.hidden = panel.dataset.panel !== name;
}

/** A reader has one language: what is chosen at one block holds for all, and for the next page. */
export function startTabs(): void {
  for (const group of groups()) {
    const first = group.querySelector<HTMLElement>("[data-tab]")?.dataset.tab;
    if (first !== undefined) show(group, first);
    group.dataset.ready = "";
  }
  const language = kept("language");
  if (language !== undefined) for (const group of groups()) show(group, language);
  document.addEventListener("click", ({ target }) => {
    const tab = (target as Element).closest<HTMLElement>("[data-tab]");
    const name = tab?.dataset.tab;
    if (!tab || name === undefined) return;
    const before = tab.getBoundingClientRect().top;
    keep("language", name);
    for (const group of groups()) show(group, name);
    // Blocks above may have grown: what was clicked stays under the pointer.
    scrollBy(0, tab.getBoundingClientRect().top - before);
  });
}
