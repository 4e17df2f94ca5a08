const show = (button: HTMLElement, isShown: boolean): void => {
  const field = document.getElementById(button.dataset.reveal ?? "");
  if (!(field instanceof HTMLInputElement)) return;
  field.type = isShown ? "text" : "password";
  button.textContent = isShown ? "Hide" : "Show";
  button.setAttribute("aria-label", isShown ? "Hide what is typed" : "Show what is typed");
};

/** `data-reveal`: shows what is typed into the field of this id, until it is pressed again or the form is sent. */
export function startReveals(): void {
  document.addEventListener("click", ({ target }) => {
    const button = (target as Element).closest<HTMLElement>("button[data-reveal]");
    if (button) show(button, button.textContent === "Show");
  });
  // A browser that keeps what was typed into text fields must not take this for one.
  document.addEventListener("submit", ({ target }) => {
    for (const button of (target as HTMLFormElement).querySelectorAll<HTMLElement>("button[data-reveal]")) {
      show(button, false);
    }
  });
}
