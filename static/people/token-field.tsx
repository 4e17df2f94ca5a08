/** @jsxImportSource preact */
import { type FieldFrame, Frame, tied } from "../ui/field.tsx";

export interface TokenFieldProps extends FieldFrame {
  /** What is sent at once when the address had it: only where that changes nothing. */
  readonly isSentAtOnce?: boolean;
}

/**
 * The secret of a mailed link. It stands after the # of the address, which no browser sends and no log holds: the page's
 * script moves it here. Without one it is pasted.
 */
export const TokenField = ({ isSentAtOnce = false, ...frame }: TokenFieldProps) => (
  <Frame frame={frame}>
    <input
      type="text"
      id={frame.id}
      name={frame.id}
      required
      autocomplete="off"
      autocapitalize="none"
      spellcheck={false}
      maxLength={2_000}
      data-fragment={isSentAtOnce ? "send" : "keep"}
      {...tied(frame)}
    />
  </Frame>
);
