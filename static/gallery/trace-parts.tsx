/** @jsxImportSource preact */
import { Card } from "../ui/card.tsx";
import { Chip } from "../ui/chip.tsx";
import { ShortId } from "../ui/short-id.tsx";
import { Reasons, Timeline } from "../ui/timeline.tsx";
import { Waterfall } from "../ui/waterfall.tsx";

const SENT = [
  ["app.riverside.example", "ok", "delivered", "41 ms, attempt 1"],
  ["slack preset", "ok", "delivered", "212 ms, attempt 1"],
  ["crm.riverside.example", "bad", "failed: 401", "63 ms, attempt 1"],
] as const;

export const SampleTrace = () => (
  <Timeline
    entries={[
      {
        title: "Received",
        meta: (
          <>
            14:02:31.204, request <ShortId id="req_01kag6w8yhf2ss0m8g3cnv5d7a" canCopy={false} />
          </>
        ),
        children: <p>Happened 18:04 on 20 Nov, the member’s Friday in Berlin. Durable after 3.1 ms.</p>,
      },
      {
        title: "Decided by program 14",
        state: "decided",
        children: (
          <Reasons
            rules={[
              { rule: "lesson_xp", effect: "+94 xp, +10 coins", because: "score 94 ≥ 60; 40 of 50 coins today" },
              {
                rule: "level_gift",
                effect: (
                  <>
                    <mark>novice → adept</mark> +100 coins
                  </>
                ),
                because: "because xp reached 512",
              },
              { rule: "weekend_bonus", because: 'did not fire: Friday is not in ["sat", "sun"]' },
            ]}
          />
        ),
      },
      {
        title: "Recorded",
        children: (
          <p>
            2 transfers <ShortId id="txn_01kag6w8zp7r3n5e8vbw6j4q1s" what="transaction" />, streak daily_lesson 11 → 12
          </p>
        ),
      },
      {
        title: "Sent to 3 subscriptions",
        state: "bad",
        children: (
          <ul class="sent">
            {SENT.map(([endpoint, tone, words, note]) => (
              <li key={endpoint}>
                <code>{endpoint}</code>
                <Chip tone={tone}>{words}</Chip>
                <span>{note}</span>
              </li>
            ))}
          </ul>
        ),
      },
      { title: "Tried again", meta: "in 4 min", state: "waiting" },
    ]}
  />
);

export const SampleAttempt = () => (
  <Card title="Attempt 1 at crm.riverside.example">
    <p>
      It refuses the signature. Check that it uses the raw body and the current secret; the old one ended yesterday.
    </p>
    <Waterfall
      label="Attempt 1, by phase"
      phases={[
        { name: "waited", startMs: 0, endMs: 6, kind: "own" },
        { name: "DNS", startMs: 6, endMs: 13, kind: "way" },
        { name: "first byte", startMs: 13, endMs: 59, kind: "other" },
        { name: "body", startMs: 59, endMs: 63, kind: "other" },
      ]}
    />
  </Card>
);
