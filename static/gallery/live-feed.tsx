/** @jsxImportSource preact */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Chip } from "../ui/chip.tsx";
import { createIsland } from "../ui/island.tsx";
import { Table } from "../ui/table.tsx";
import { HAPPENING_COLUMNS } from "./happening-columns.tsx";
import { HAPPENING, type Happening } from "./samples.ts";

const EVERY_MS = 1_500;
const ROWS_MAX = 5;

/** Takes the next of the samples in turn, under an id of its own. */
const nextOf = (count: number): Happening => ({
  ...(HAPPENING[count % HAPPENING.length] as Happening),
  id: `sample-${count}`,
  at: `14:02:${String(32 + (count % 28)).padStart(2, "0")}.${String((count * 271) % 1000).padStart(3, "0")}`,
});

function Feed() {
  const rows = useSignal(HAPPENING);
  const count = useSignal(0);
  const isOn = useSignal(false);
  useEffect(() => {
    if (!isOn.value) return undefined;
    const timer = setInterval(() => {
      rows.value = [nextOf(count.value), ...rows.value].slice(0, ROWS_MAX);
      count.value += 1;
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [isOn.value]);
  return (
    <Card
      id="feed"
      title="Happening now"
      isFlush
      aside={
        <div class="actions">
          <Chip tone={isOn.value ? "ok" : "plain"}>{isOn.value ? "live feed on" : "live feed paused"}</Chip>
          <Button
            isSmall
            icon={isOn.value ? "pause" : "play"}
            onClick={() => {
              isOn.value = !isOn.value;
            }}
          >
            {isOn.value ? "Pause" : "Go on"}
          </Button>
        </div>
      }
    >
      <Table
        caption="Happening now, live"
        columns={HAPPENING_COLUMNS}
        rows={rows.value}
        keyOf={({ id }) => id}
        hrefOf={() => "/docs/gallery/trace"}
      />
    </Card>
  );
}

export const LiveFeed = createIsland("live-feed", Feed);
