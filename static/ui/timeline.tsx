/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";

export interface TimelineEntry {
  readonly title: ComponentChildren;
  /** Beside the title: when, and which request. */
  readonly meta?: ComponentChildren;
  /** Yolk: here something was decided. `bad` where it ended badly, `waiting` where it is still to come. */
  readonly state?: "done" | "decided" | "waiting" | "bad";
  readonly children?: ComponentChildren;
}

const WORDS = { done: undefined, decided: "decided", waiting: "still waiting", bad: "failed" } as const;

/** The trace: what became of one event, from top to bottom. */
export const Timeline = ({ entries }: { readonly entries: readonly TimelineEntry[] }) => (
  <ol class="timeline">
    {entries.map(({ title, meta, state = "done", children }, index) => (
      <li key={index} class={state === "done" ? undefined : `timeline-${state}`}>
        <p class="timeline-head">
          <strong>{title}</strong>
          {WORDS[state] !== undefined && <span class="unseen"> ({WORDS[state]})</span>}{" "}
          {meta !== undefined && <span class="timeline-meta">{meta}</span>}
        </p>
        {children}
      </li>
    ))}
  </ol>
);

/** What each rule said of the event: the ones that fired with what they gave, the others with why not. */
export const Reasons = ({ rules }: { readonly rules: readonly Reason[] }) => (
  <dl class="reasons">
    {rules.map(({ rule, effect, because }) => (
      <div key={rule} class={effect === undefined ? "reason-idle" : undefined}>
        <dt>
          <code>{rule}</code>
        </dt>
        <dd>
          {effect !== undefined && <span class="reason-effect">{effect} </span>}
          {because}
        </dd>
      </div>
    ))}
  </dl>
);

export interface Reason {
  readonly rule: string;
  /** Absent where the rule did not fire. */
  readonly effect?: ComponentChildren;
  readonly because: ComponentChildren;
}
