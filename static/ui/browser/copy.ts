import { say } from "./say.ts";

const SHOWN_MS = 2_000;

/** Without encryption a browser has no clipboard to write to; the old way still works there. */
async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const written = document.execCommand("copy");
    area.remove();
    return written;
  }
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const source = document.getElementById(button.dataset.copy ?? "");
  const isCopied = await write(button.dataset.copyText ?? source?.textContent ?? "");
  if (!isCopied && source) getSelection()?.selectAllChildren(source);
  const word = isCopied ? "Copied" : "Selected";
  say(word);
  const label = button.dataset.label ?? button.textContent ?? "";
  button.dataset.copied = "";
  // A button of an icon alone keeps it: its colour tells.
  if (button.firstElementChild === null) {
    button.dataset.label = label;
    button.textContent = word;
  }
  button.focus();
  setTimeout(() => {
    delete button.dataset.copied;
    if (button.dataset.label !== undefined) button.textContent = button.dataset.label;
  }, SHOWN_MS);
}

/** `data-copy` names the element whose text is taken; `data-copy-text` is the text itself. */
export function startCopying(): void {
  document.addEventListener("click", ({ target }) => {
    const button = (target as Element).closest<HTMLButtonElement>("button[data-copy], button[data-copy-text]");
    if (button) void copy(button);
  });
}
