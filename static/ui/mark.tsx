/** @jsxImportSource preact */
const SHELL =
  "M16 2.75c6.1 0 10.75 8.4 10.75 15.55C26.75 25 22 29.25 16 29.25S5.25 25 5.25 18.3C5.25 11.15 9.9 2.75 16 2.75Z";
const CRACK = "m5.6 17.6 4.3 3.5 4-5.6 4.2 5.6 4-5.6 4.3 3.4";

export interface MarkProps {
  readonly size: number;
}

/** The egg with its crack. Decoration beside the name, so it is not read out. */
export const Mark = ({ size }: MarkProps) => (
  <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <path class="mark-shell" d={SHELL} stroke-width="2.5" />
    <path class="mark-crack" d={CRACK} stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round" />
  </svg>
);

/** The egg, hatched: shown once in the life of an installation. */
export const HatchedMark = ({ size }: MarkProps) => (
  <svg class="mark" width={size} height={size} viewBox="1 -9 40 40" aria-hidden="true" focusable="false">
    <circle class="mark-yolk" cx="16" cy="15.5" r="6.5" />
    <path
      class="mark-shell"
      d={`${CRACK}C26.2 25 22 29.25 16 29.25S5.25 25 5.6 17.6Z`}
      stroke-width="2.5"
      stroke-linejoin="round"
    />
    <path
      class="mark-shell"
      d="M5.6 17.6C5.6 10.9 10.2 2.75 16 2.75s10.1 7.9 10.4 16.15l-4.3-3.4-4 5.6-4.2-5.6-4 5.6Z"
      transform="translate(4.5 -8) rotate(16 16 12)"
      stroke-width="2.5"
      stroke-linejoin="round"
    />
  </svg>
);

export interface BrandProps {
  readonly name?: string;
  readonly size?: number;
  readonly isCurrent?: boolean;
}

/** The mark and the name: the way home from every page. */
export const Brand = ({ name = "Hatch", size = 24, isCurrent = false }: BrandProps) => (
  <a class="brand" href="/" aria-current={isCurrent ? "page" : undefined}>
    <Mark size={size} />
    {name}
  </a>
);
