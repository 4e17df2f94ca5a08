/** @jsxImportSource preact */
export interface SkeletonProps {
  /** What is on its way: "Deliveries". */
  readonly label: string;
  readonly lines?: number;
}

const WIDTHS = ["full", "most", "half"] as const;

/**
 * The shape of what is on its way. It appears after 200 ms, so that what is quick never flickers; never on a whole page.
 */
export const Skeleton = ({ label, lines = 3 }: SkeletonProps) => (
  <div class="skeleton" role="status">
    <span class="unseen">{label} on the way</span>
    {Array.from({ length: lines }, (_, index) => (
      <span key={index} class={`skeleton-line skeleton-${WIDTHS[index % WIDTHS.length]}`} aria-hidden="true" />
    ))}
  </div>
);
