/** @jsxImportSource preact */
/** Every icon of the product: 16 by 16, one stroke, in the colour of the text beside it. */
const PATHS = {
  home: "M2 7.5 8 2.5l6 5M3.5 6.5v7h9v-7M6.5 13.5V10h3v3.5",
  activity: "M1.5 8.5H4l2-6 3.5 11L11.5 8h3",
  person: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.5 14c.6-2.8 2.8-4.2 5.5-4.2s4.9 1.4 5.5 4.2",
  people:
    "M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 13.5c.5-2.5 2.2-3.8 4.5-3.8s4 1.3 4.5 3.8M10.5 2.8a2.4 2.4 0 0 1 0 4.5M12.4 10c1.2.6 1.9 1.8 2.1 3.5",
  rules: "M2.5 2.5h11v11h-11zM2.5 6.5h11M6.5 6.5v7",
  bars: "M2.5 13.5v-4M6.2 13.5v-8M9.8 13.5v-6M13.5 13.5v-11",
  webhook: "M2 4h12v8.5H2zM2 4.5l6 4.5 6-4.5",
  deliveries: "M13.2 6.2A5.5 5.5 0 1 0 13.5 9M13.5 3v3.2h-3.2",
  key: "M10.4 9.2a3.7 3.7 0 1 0-3.6-2.9L2 11v3h3v-1.8h1.8v-1.8l2.1-1.3M11.1 5v.1",
  document: "M4 1.8h5.2L12.5 5v9.2H4zM9 2v3.2h3.3M6 8h4.5M6 10.8h4.5",
  gear: "M8 10.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM8 1.5v2M8 12.5v2M14.5 8h-2M3.5 8h-2M12.6 3.4l-1.4 1.4M4.8 11.2l-1.4 1.4M12.6 12.6l-1.4-1.4M4.8 4.8 3.4 3.4",
  search: "M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10ZM10.7 10.7l3.3 3.3",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M3 8.5 6.5 12 13 4.5",
  cross: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  down: "M4 6.2 8 10.2l4-4",
  right: "M6.2 4l4 4-4 4",
  left: "M9.8 4l-4 4 4 4",
  up: "M4 9.8 8 5.8l4 4",
  out: "M6.5 3h-4v10.5H13v-4M9 2.5h4.5V7M13 3 7.5 8.5",
  alert: "M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.7v.1",
  info: "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM8 7.4v3.8M8 4.9V5",
  fault: "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM8 4.8v4M8 11.1v.1",
  clock: "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM8 4.5V8l2.4 1.6",
  calendar: "M2.5 3.5h11v10h-11zM2.5 6.8h11M5.5 2v2.5M10.5 2v2.5",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.2v1.6M8 13.2v1.6M14.8 8h-1.6M2.8 8H1.2M12.8 3.2l-1.1 1.1M4.3 11.7l-1.1 1.1M12.8 12.8l-1.1-1.1M4.3 4.3 3.2 3.2",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
  screen: "M2 3h12v8H2zM5.5 13.5h5M8 11v2.5",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  more: "M4 8a.6.6 0 1 1-1.2 0A.6.6 0 0 1 4 8ZM8.6 8a.6.6 0 1 1-1.2 0 .6.6 0 0 1 1.2 0ZM13.2 8a.6.6 0 1 1-1.2 0 .6.6 0 0 1 1.2 0Z",
  undo: "M3.2 6.5h6.3a3.6 3.6 0 0 1 0 7.2H6M6 3.4 2.9 6.5 6 9.6",
  play: "M4.5 2.8 13 8l-8.5 5.2z",
  pause: "M5 3v10M11 3v10",
  filter: "M2 3.5h12M4.5 8h7M6.8 12.5h2.4",
  download: "M8 2v8.2M4.5 7 8 10.4 11.5 7M2.5 13.5h11",
  lock: "M3.5 7h9v6.8h-9zM5.3 7V5a2.7 2.7 0 0 1 5.4 0v2",
  book: "M8 4C6.6 2.9 4.6 2.5 2 2.5v10c2.6 0 4.6.4 6 1.5 1.4-1.1 3.4-1.5 6-1.5v-10c-2.6 0-4.6.4-6 1.5ZM8 4v10",
  terminal: "M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10.2h3",
  streak: "M8 1.8c.4 2.6 4 4 4 7.9a4 4 0 0 1-8 0c0-1.6.8-2.6 1.7-3.5.2 1 .7 1.5 1.3 1.7-.2-2.3.2-4.4 1-6.1Z",
  badge: "M8 9.8a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM5.4 8.9 4.5 14.2 8 12.4l3.5 1.8-.9-5.3",
  eye: "M1.5 8C3 5.2 5.3 3.8 8 3.8s5 1.4 6.5 4.2C13 10.8 10.7 12.2 8 12.2S3 10.8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
} as const;

export type IconName = keyof typeof PATHS;
export const ICON_NAMES = Object.keys(PATHS) as readonly IconName[];

export interface IconProps {
  readonly name: IconName;
  readonly size?: number;
}

/** Decoration beside words: what it means stands in the text, so it is not read out. */
export const Icon = ({ name, size = 16 }: IconProps) => (
  <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);
