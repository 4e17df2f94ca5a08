import { keep, kept } from "./keep.ts";

const isTheme = (value: string | undefined): value is "light" | "dark" => value === "light" || value === "dark";

/** Run before the first paint, so that nothing flashes. */
export function applyTheme(): void {
  const theme = kept("theme");
  if (isTheme(theme)) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function showChoice(): void {
  const theme = kept("theme");
  const choice = isTheme(theme) ? theme : "system";
  for (const button of document.querySelectorAll<HTMLElement>("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
  }
}

export function startThemes(): void {
  showChoice();
  document.addEventListener("click", ({ target }) => {
    const choice = (target as Element).closest<HTMLElement>("[data-theme-choice]")?.dataset.themeChoice;
    if (choice === undefined) return;
    keep("theme", isTheme(choice) ? choice : undefined);
    applyTheme();
    showChoice();
  });
  // Another tab of the same server.
  addEventListener("storage", () => {
    applyTheme();
    showChoice();
  });
}
