/** @jsxImportSource preact */
import { Icon } from "./icons.tsx";

export interface ShortIdProps {
  readonly id: string;
  /** What it is the id of, for the copy button. */
  readonly what?: string;
  readonly canCopy?: boolean;
}

const SHOWN_MAX = 20;
const HEAD = 10;
const TAIL = 4;

/**
 * An id, shortened in the middle to the eye alone: the whole of it stands on the page, so it is found by the browser's
 * search, copied whole by hand, and read out whole.
 */
export function ShortId({ id, what = "id", canCopy = true }: ShortIdProps) {
  const isLong = id.length > SHOWN_MAX;
  return (
    <span class="id">
      <code title={isLong ? id : undefined}>
        {isLong ? (
          <>
            {id.slice(0, HEAD)}
            <span class="id-middle">{id.slice(HEAD, -TAIL)}</span>
            {id.slice(-TAIL)}
          </>
        ) : (
          id
        )}
      </code>
      {canCopy && (
        <button class="id-copy needs-script" type="button" data-copy-text={id} aria-label={`Copy ${what} ${id}`}>
          <Icon name="copy" size={14} />
        </button>
      )}
    </span>
  );
}
