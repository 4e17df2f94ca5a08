/** @jsxImportSource preact */
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icons.tsx";
import { createIsland } from "./island.tsx";

export interface Toast {
  readonly id: number;
  /** What was done, as a sentence without a full stop: "The endpoint is paused". */
  readonly text: string;
  readonly tone?: "plain" | "bad";
  /** Where there is a way back. */
  readonly undo?: () => void;
}

const SHOWN_MAX = 3;
const READING_MS = 6_000;
/** Long enough to notice a mistake and to reach the button by keyboard. */
const DECIDING_MS = 12_000;

const shown = signal<readonly Toast[]>([]);
let lastId = 0;

/** Says that something was done. What must not be missed stands on the page instead. */
export function showToast(toast: Omit<Toast, "id">): void {
  lastId += 1;
  shown.value = [...shown.value, { ...toast, id: lastId }].slice(-SHOWN_MAX);
}

const dismiss = (id: number): void => {
  shown.value = shown.value.filter((toast) => toast.id !== id);
};

/** Goes away by itself, but not while somebody points at it or has the focus in it. */
function Entry({ id, text, tone = "plain", undo }: Toast) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const leave = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => dismiss(id), undo === undefined ? READING_MS : DECIDING_MS);
  };
  const stay = (): void => clearTimeout(timer.current);
  // At once: it may appear under the pointer, which then holds it.
  useLayoutEffect(() => {
    leave();
    return stay;
  }, []);
  return (
    <div
      class={tone === "bad" ? "toast toast-bad" : "toast"}
      onPointerEnter={stay}
      onPointerLeave={leave}
      onFocusIn={stay}
      onFocusOut={leave}
    >
      <Icon name={tone === "bad" ? "fault" : "check"} />
      <p>{text}</p>
      {undo !== undefined && (
        <button
          class="toast-act"
          type="button"
          onClick={() => {
            undo();
            dismiss(id);
          }}
        >
          Undo
        </button>
      )}
      <button class="toast-close" type="button" onClick={() => dismiss(id)}>
        <Icon name="cross" size={14} />
        <span class="unseen">Dismiss: {text}</span>
      </button>
    </div>
  );
}

/** Once on a page. It is there from the start, because what is added to a live region is what is read out. */
export const Toasts = createIsland("toasts", () => (
  <div class="toasts" role="status" aria-live="polite">
    {shown.value.map((toast) => (
      <Entry key={toast.id} {...toast} />
    ))}
  </div>
));
