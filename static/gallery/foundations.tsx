/** @jsxImportSource preact */
import { ICON_NAMES, Icon } from "../ui/icons.tsx";
import { HatchedMark, Mark } from "../ui/mark.tsx";
import { Both, Row, Specimen } from "./specimen.tsx";

const COLOURS = [
  ["bg", "the page"],
  ["surface", "a card"],
  ["raised", "what is chosen or pointed at"],
  ["line", "parts things"],
  ["line-control", "the edge of what acts"],
  ["ink", "text"],
  ["muted", "text beside text"],
  ["faint", "what is off"],
  ["accent", "what one can do"],
  ["accent-soft", "behind it"],
  ["yolk", "where something hatches"],
  ["yolk-soft", "behind it"],
  ["ok", "went well"],
  ["ok-soft", "behind it"],
  ["warn", "wants a look"],
  ["warn-soft", "behind it"],
  ["bad", "went wrong"],
  ["bad-soft", "behind it"],
] as const;

const Swatches = () => (
  <ul class="swatches">
    {COLOURS.map(([name, use]) => (
      <li key={name}>
        <span class={`swatch swatch-${name}`} />
        <span>
          <code>{name}</code>
          <small>{use}</small>
        </span>
      </li>
    ))}
  </ul>
);

const SIZES = [
  ["size-figure", "26, a figure", "12,480"],
  ["size-title", "20, a page’s title", "All well, one endpoint needs a look"],
  ["size-reading", "16, to read at length", "A subscription names what it wants to hear."],
  ["size-work", "14, to work with", "Oldest thing waiting: 4 min."],
  ["size-meta", "12.5, beside it", "p95 38 ms after the answer"],
  ["size-code", "12.5, ids and code", "evt_01kag6w8zq4d6c2x9mhs7ykt3e"],
] as const;

export const Foundations = () => (
  <>
    <Specimen
      id="colours"
      title="Colours"
      text="Paper and ink; one green-teal for what one can do; yolk only where something hatches. Every pair of text is at least 4.5 to 1, every edge of a control 3 to 1: a test computes it."
    >
      <Both>{() => <Swatches />}</Both>
    </Specimen>
    <Specimen id="type" title="Type" text="The system’s own face in three weights, figures of one width everywhere.">
      <Both>
        {() => (
          <dl class="sizes">
            {SIZES.map(([name, words, sample]) => (
              <div key={name}>
                <dt>{words}</dt>
                <dd class={name}>{sample}</dd>
              </div>
            ))}
          </dl>
        )}
      </Both>
    </Specimen>
    <Specimen
      id="mark"
      title="Mark and icons"
      text="An egg with a zigzag crack; it works at 16 pixels and in one colour. Icons stand beside words, never in their place; where only an icon is shown, its words are read out."
    >
      <Both>
        {() => (
          <>
            <Row>
              {[16, 24, 32, 56].map((size) => (
                <Mark key={size} size={size} />
              ))}
              <HatchedMark size={56} />
            </Row>
            <ul class="icons">
              {ICON_NAMES.map((name) => (
                <li key={name}>
                  <Icon name={name} />
                  {name}
                </li>
              ))}
            </ul>
          </>
        )}
      </Both>
    </Specimen>
  </>
);
