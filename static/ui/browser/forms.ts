const SENT_AGAIN_AFTER_MS = 10_000;

/** `data-once`: a second click while the first is on its way is not sent. */
export function startForms(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const submitter = event.submitter as HTMLButtonElement | null;
    if (!form.matches("[data-once]") || submitter?.formMethod === "dialog") return;
    if (form.dataset.sent !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "";
    submitter?.setAttribute("aria-busy", "true");
    const free = (): void => {
      delete form.dataset.sent;
      submitter?.removeAttribute("aria-busy");
    };
    setTimeout(free, SENT_AGAIN_AFTER_MS);
    // Come back to by the browser's own way, the page is as it was left.
    addEventListener("pageshow", free, { once: true });
  });
}
