import type { RailGroup } from "../ui/shell.tsx";

/** When the sample day is: everything in the gallery is as of this moment, so that it looks the same whenever it is read. */
export const SAMPLE_NOW = Date.UTC(2026, 10, 20, 14, 2, 32);

export interface Happening {
  readonly id: string;
  readonly at: string;
  readonly what: string;
  readonly member: string;
  readonly effects: string;
  readonly hatched?: string;
  readonly deliveries: { readonly tone: "plain" | "ok" | "warn" | "bad"; readonly text: string };
}

export const HAPPENING: readonly Happening[] = [
  {
    id: "lesson-881-user_42",
    at: "14:02:31.204",
    what: "lesson_completed",
    member: "user_42",
    effects: "+94 xp, +10 coins",
    hatched: "level adept",
    deliveries: { tone: "ok", text: "3 of 3" },
  },
  {
    id: "lesson-880-user_17",
    at: "14:02:30.981",
    what: "lesson_completed",
    member: "user_17",
    effects: "+71 xp, streak 12",
    deliveries: { tone: "ok", text: "2 of 2" },
  },
  {
    id: "order-5512",
    at: "14:02:30.377",
    what: "purchase",
    member: "user_90",
    effects: "no rule matched: amount under 5.00",
    deliveries: { tone: "plain", text: "none" },
  },
  {
    id: "redeem-77",
    at: "14:02:29.850",
    what: "reward.redeemed",
    member: "user_08",
    effects: "−500 coins, Mug",
    deliveries: { tone: "warn", text: "1 of 2, retry in 4 min" },
  },
  {
    id: "lesson-879-user_31",
    at: "14:02:28.112",
    what: "lesson_completed",
    member: "user_31",
    effects: "+60 xp",
    deliveries: { tone: "bad", text: "failed: 401" },
  },
];

/** Events and failed attempts of a school day, by the half hour. */
const EVENTS = [
  210, 180, 150, 120, 110, 100, 90, 90, 110, 160, 260, 420, 720, 1480, 2310, 2890, 3120, 2760, 2240, 1980, 1840, 2020,
  2460, 3010, 3560, 4120, 4380, 4410, 4260, 3880, 3440, 3010, 2620, 2280, 2060, 2010, 2140, 2420, 2810, 3140, 3280,
  3190, 2870, 2380, 1760, 1180, 760, 430,
];
const FAILED = EVENTS.map(
  (events, index) => Math.round(events / 160) + (index > 22 && index < 30 ? 140 - 18 * Math.abs(index - 26) : 0),
);

export const CHART_LABELS = EVENTS.map((_, index) => {
  const minutes = (14 * 60 + 30 + index * 30) % (24 * 60);
  return `${index * 30 + 870 >= 1440 ? "20 Nov" : "19 Nov"} ${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
});

export const CHART_SERIES = [
  { name: "events", values: EVENTS, tone: "accent" },
  { name: "failed attempts", values: FAILED, tone: "bad" },
] as const;

export const sampleRail = (here: string): readonly RailGroup[] => {
  const item = (label: string, icon: RailGroup["items"][number]["icon"], href: string) => ({
    label,
    icon,
    href,
    isHere: label === here,
  });
  return [
    {
      items: [
        item("Overview", "home", "/docs/gallery/overview"),
        item("Events", "activity", "/docs/gallery/trace"),
        item("Members", "person", "#main"),
      ],
    },
    {
      name: "Program",
      items: [item("Rules and rewards", "rules", "#main"), item("Leaderboards", "bars", "#main")],
    },
    {
      name: "Delivery",
      items: [
        { ...item("Webhooks", "webhook", "#main"), needs: { value: 1, label: "endpoint needs a person" } },
        item("Deliveries", "deliveries", "#main"),
      ],
    },
    {
      name: "Workspace",
      items: [
        item("Keys and people", "key", "#main"),
        item("Audit", "document", "#main"),
        item("Settings", "gear", "#main"),
      ],
    },
  ];
};

export const sampleEnvironment = { kind: "test", liveHref: "#main", testHref: "#main" } as const;
