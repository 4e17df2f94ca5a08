const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;

/** The links of the table that is walked: the one with the focus, else the first that is in sight. */
function linksAt(target: EventTarget | null): HTMLElement[] {
  const own = target instanceof Element ? target.closest('table[data-rows="links"]') : null;
  const table = own ?? document.querySelector('table[data-rows="links"]');
  return [...(table?.querySelectorAll<HTMLElement>(".row-link") ?? [])];
}

/** j goes down, k goes up; Enter is the link's own. */
export function startRows(): void {
  document.addEventListener("keydown", (event) => {
    if ((event.key !== "j" && event.key !== "k") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target)) return;
    const links = linksAt(event.target);
    const row = document.activeElement?.closest("tr");
    const at = links.findIndex((link) => link.closest("tr") === row);
    const next = at === -1 ? 0 : at + (event.key === "j" ? 1 : -1);
    const link = links[Math.min(links.length - 1, Math.max(0, next))];
    if (!link) return;
    event.preventDefault();
    link.focus();
    link.scrollIntoView({ block: "nearest" });
  });
}
