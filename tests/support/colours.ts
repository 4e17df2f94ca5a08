/** WCAG contrast of colours as the tokens write them: `oklch(L C H)`, opaque. */
export interface Oklch {
  readonly lightness: number;
  readonly chroma: number;
  readonly hue: number;
}

const LIGHT_DARK = /--([a-z-]+):\s*light-dark\(\s*oklch\(([^)]+)\),\s*oklch\(([^)]+)\)\s*\)/g;

const parse = (text: string): Oklch => {
  const [lightness = 0, chroma = 0, hue = 0] = text.trim().split(/\s+/).map(Number);
  return { lightness, chroma, hue };
};

/** The colour tokens of a style sheet, by scheme and name. */
export function readTokens(css: string): Readonly<Record<"light" | "dark", Readonly<Record<string, Oklch>>>> {
  const found = [...css.matchAll(LIGHT_DARK)];
  return {
    light: Object.fromEntries(found.map(([, name = "", light = ""]) => [name, parse(light)])),
    dark: Object.fromEntries(found.map(([, name = "", , dark = ""]) => [name, parse(dark)])),
  };
}

/** Linear sRGB, clipped to what a screen can show. */
function toLinearRgb({ lightness, chroma, hue }: Oklch): readonly [number, number, number] {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clip = (value: number): number => Math.min(1, Math.max(0, value));
  return [
    clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function luminance(colour: Oklch): number {
  const [red, green, blue] = toLinearRgb(colour);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(one: Oklch, other: Oklch): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** `#rrggbb`: for what can't read `oklch()`. */
export function toHex(colour: Oklch): string {
  const digits = toLinearRgb(colour).map((value) => {
    const encoded = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
    return Math.round(255 * encoded)
      .toString(16)
      .padStart(2, "0");
  });
  return `#${digits.join("")}`;
}
