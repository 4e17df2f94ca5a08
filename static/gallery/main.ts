import { Chart } from "../ui/chart.tsx";
import { hydrateIslands } from "../ui/island.tsx";
import { showToast, Toasts } from "../ui/toast.tsx";
import { LiveFeed } from "./live-feed.tsx";
import { ToastSamples } from "./toast-samples.tsx";

hydrateIslands([Chart, LiveFeed, ToastSamples, Toasts]);

// Nothing here is real: a form says what it would have done.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target as HTMLFormElement;
    const submitter = event.submitter as HTMLButtonElement | null;
    if (submitter?.formMethod === "dialog") return;
    event.preventDefault();
    event.stopPropagation();
    form.closest("dialog")?.close();
    showToast({ text: `Here it would say: ${submitter?.textContent?.toLowerCase() ?? "done"}` });
  },
  { capture: true },
);
