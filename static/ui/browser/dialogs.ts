/** Browsers that know invokers need nothing of this. */
const knowsInvokers = (): boolean => "commandForElement" in HTMLButtonElement.prototype;

export function startDialogs(): void {
  document.addEventListener("click", ({ target }) => {
    const dialog = target instanceof HTMLDialogElement ? target : undefined;
    // A click on the veil comes from the dialog itself, never from what is inside.
    if (dialog?.open && dialog.matches(":modal")) dialog.close();
    if (knowsInvokers()) return;
    const button = (target as Element).closest<HTMLElement>("button[commandfor]");
    const named = document.getElementById(button?.getAttribute("commandfor") ?? "");
    if (!(named instanceof HTMLDialogElement)) return;
    if (button?.getAttribute("command") === "close") named.close();
    else named.showModal();
  });
}
