/** @jsxImportSource preact */
import { Chip } from "../ui/chip.tsx";
import type { Column } from "../ui/table.tsx";
import type { Happening } from "./samples.ts";

export const HAPPENING_COLUMNS: readonly Column<Happening>[] = [
  { key: "time", head: "Time", cell: ({ at }) => <code>{at}</code> },
  { key: "what", head: "What", cell: ({ what }) => <code>{what}</code> },
  { key: "member", head: "Member", cell: ({ member }) => member, isMinor: true },
  {
    key: "effects",
    head: "Effects",
    cell: ({ effects, hatched }) => (
      <>
        {effects}
        {hatched !== undefined && (
          <>
            , <mark>{hatched}</mark>
          </>
        )}
      </>
    ),
    grows: true,
    isMinor: "phone",
  },
  {
    key: "deliveries",
    head: "Deliveries",
    cell: ({ deliveries }) => <Chip tone={deliveries.tone}>{deliveries.text}</Chip>,
    isFigure: true,
  },
];
