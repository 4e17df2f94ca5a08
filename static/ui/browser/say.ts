let region: HTMLElement | undefined;

/** Read out, not shown: what a button that changes only its look has done. */
export function say(text: string): void {
  if (!region) {
    region = document.createElement("div");
    region.className = "unseen";
    region.setAttribute("role", "status");
    document.body.append(region);
  }
  region.textContent = text;
}
