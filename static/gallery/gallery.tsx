/** @jsxImportSource preact */
import { PageHead } from "../ui/page-head.tsx";
import { type RailGroup, Shell } from "../ui/shell.tsx";
import { ThemeSwitch } from "../ui/theme-switch.tsx";
import { Toasts } from "../ui/toast.tsx";
import { Controls } from "./controls.tsx";
import { Data } from "./data.tsx";
import { Foundations } from "./foundations.tsx";
import { FrameParts } from "./frame.tsx";
import { Over } from "./over.tsx";

const GROUPS: readonly RailGroup[] = [
  {
    name: "Ground",
    items: [
      { label: "Colours", href: "#colours", icon: "sun" },
      { label: "Type", href: "#type", icon: "document" },
      { label: "Mark and icons", href: "#mark", icon: "badge" },
      { label: "Frame", href: "#frame", icon: "rules" },
    ],
  },
  {
    name: "Acting",
    items: [
      { label: "Buttons", href: "#buttons", icon: "play" },
      { label: "Chips", href: "#chips", icon: "activity" },
      { label: "Tabs and segments", href: "#tabs", icon: "filter" },
      { label: "Fields and forms", href: "#fields", icon: "check" },
      { label: "Dialogs", href: "#dialogs", icon: "alert" },
      { label: "Menus", href: "#menus", icon: "menu" },
    ],
  },
  {
    name: "Showing",
    items: [
      { label: "Figures", href: "#figures", icon: "bars" },
      { label: "Chart", href: "#chart", icon: "activity" },
      { label: "Table", href: "#table", icon: "rules" },
      { label: "Timeline", href: "#trace", icon: "clock" },
      { label: "Code", href: "#code", icon: "terminal" },
      { label: "Ids and times", href: "#ids", icon: "key" },
    ],
  },
  {
    name: "Telling",
    items: [
      { label: "Toasts", href: "#toasts", icon: "undo" },
      { label: "Notices and banners", href: "#notices", icon: "info" },
      { label: "Nothing yet", href: "#empty", icon: "search" },
      { label: "What moves", href: "#live", icon: "deliveries" },
    ],
  },
];

export const GalleryPage = ({ version }: { readonly version: string }) => (
  <>
    <Shell rail={{ groups: GROUPS, label: "Parts", foot: <ThemeSwitch /> }}>
      <PageHead
        title="What Hatch’s pages are made of"
        text={`Every part in every state with its words, in light and in dark, as version ${version} has them. Nothing here is real, and nothing can break.`}
      />
      <Foundations />
      <FrameParts />
      <Controls />
      <Data />
      <Over />
    </Shell>
    <Toasts />
  </>
);
