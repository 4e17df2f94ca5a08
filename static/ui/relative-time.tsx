/** @jsxImportSource preact */
import { exactTime, relativeTime } from "./time-words.ts";

export interface RelativeTimeProps {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** When the page was written; the browser goes on from there. */
  readonly now: number;
  /** Stays as of then: in a report, in a sample. */
  readonly isStill?: boolean;
}

/** "4 min ago"; exact on hover, in the viewer's zone once the page's script knows it. */
export const RelativeTime = ({ at, now, isStill = false }: RelativeTimeProps) => (
  <time dateTime={new Date(at).toISOString()} title={exactTime(at, "UTC")} data-relative={isStill ? undefined : ""}>
    {relativeTime(at, now)}
  </time>
);
