import { exactTime, relativeTime } from "../time-words.ts";

const EVERY_MS = 15_000;

function refresh(): void {
  const now = Date.now();
  for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-relative]")) {
    const at = Date.parse(time.dateTime);
    if (Number.isNaN(at)) continue;
    time.textContent = relativeTime(at, now);
    time.title = exactTime(at);
  }
}

/** Times go on while the page is looked at, and are exact in the viewer's own zone. */
export function startTimes(): void {
  if (document.querySelector("time[data-relative]") === null) return;
  refresh();
  setInterval(() => {
    if (!document.hidden) refresh();
  }, EVERY_MS);
}
