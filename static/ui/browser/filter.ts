import { say } from "./say.ts";

const words = (text: string): string[] => text.toLowerCase().split(/\s+/).filter(Boolean);

/** `input[data-filters]` names a list by id: what does not hold every word typed is left out, and groups with nothing in them. */
function filter(field: HTMLInputElement): void {
  const list = document.getElementById(field.dataset.filters ?? "");
  if (!list) return;
  const wanted = words(field.value);
  let left = 0;
  for (const group of list.children) {
    const name = group.querySelector(":scope > a")?.textContent?.toLowerCase() ?? "";
    let inGroup = 0;
    for (const item of group.querySelectorAll<HTMLElement>("ul > li")) {
      const text = `${item.textContent ?? ""} ${item.dataset.find ?? ""}`.toLowerCase();
      item.hidden = !wanted.every((word) => text.includes(word) || name.includes(word));
      if (!item.hidden) inGroup += 1;
    }
    (group as HTMLElement).hidden = inGroup === 0 && wanted.length > 0;
    left += inGroup;
  }
  say(wanted.length === 0 ? "" : `${left} found`);
}

export function startFilters(): void {
  document.addEventListener("input", ({ target }) => {
    if (target instanceof HTMLInputElement && target.dataset.filters !== undefined) filter(target);
  });
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (!(target instanceof HTMLInputElement) || target.dataset.filters === undefined) return;
    if (event.key === "Escape") {
      target.value = "";
      filter(target);
    }
    if (event.key === "Enter") {
      event.preventDefault();
      document
        .querySelector<HTMLElement>(
          `#${CSS.escape(target.dataset.filters)} li:not([hidden]) > ul > li:not([hidden]) > a`,
        )
        ?.click();
    }
  });
}
