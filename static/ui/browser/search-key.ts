/** The key that a search names leads into it, from wherever nothing is being typed. */
export function startSearchKey(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select, dialog[open]")) return;
    const field = document.querySelector<HTMLInputElement>(`[data-search-key="${CSS.escape(event.key)}"]`);
    if (!field) return;
    event.preventDefault();
    field.select();
    field.focus();
  });
}
