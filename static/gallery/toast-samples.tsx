/** @jsxImportSource preact */
import { Button } from "../ui/button.tsx";
import { createIsland } from "../ui/island.tsx";
import { showToast } from "../ui/toast.tsx";

const again = (): void => showToast({ text: "The endpoint goes on" });

export const ToastSamples = createIsland("toast-samples", () => (
  <div class="row needs-script">
    <Button onClick={() => showToast({ text: "Copied the command" })}>Say that it is done</Button>
    <Button onClick={() => showToast({ text: "The endpoint is paused", undo: again })}>With the way back</Button>
    <Button onClick={() => showToast({ text: "The server did not answer. Nothing was changed", tone: "bad" })}>
      That it failed
    </Button>
  </div>
));
