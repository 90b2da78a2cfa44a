type Rgb = [number, number, number];

export const DEFAULT_COLOUR = '#3451d1';

/** Reads `#rgb` and `#rrggbb`. */
export function parseColour(text: string): Rgb | undefined {
  const [, digits = ''] = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim()) ?? [];
  const full = digits.length === 3 ? digits.replace(/./g, '$&$&') : digits;
  if (!full) return undefined;
  return [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16)) as Rgb;
}

const toHex = (rgb: Rgb) =>
  `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;

/** Relative luminance as WCAG defines it. */
function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const white: Rgb = [255, 255, 255];
const black: Rgb = [16, 18, 24];
const NEEDED = 4.5;

const mix = (from: Rgb, to: Rgb, share: number) =>
  from.map((part, index) => part + ((to[index] as number) - part) * share) as Rgb;

/** Moves a colour towards black or white until text of it can be read on `surface`. */
function readableOn(colour: Rgb, surface: Rgb): Rgb {
  const towards = luminance(surface) > 0.4 ? black : white;
  for (let share = 0; share < 1; share += 0.05) {
    const shade = mix(colour, towards, share);
    if (contrast(shade, surface) >= NEEDED) return shade;
  }
  return towards;
}

/** A brand's colour, text upon it, and the colour as text on the chat's light and dark surfaces. */
export function paletteOf(colour = DEFAULT_COLOUR) {
  const given = parseColour(colour) ?? (parseColour(DEFAULT_COLOUR) as Rgb);
  // Between the two there are colours on which neither white nor black can be read well: a shade off.
  const onWhite = contrast(given, white) >= NEEDED;
  const brand =
    onWhite || contrast(given, black) >= NEEDED + 0.5 ? given : readableOn(given, white);
  const isDark = contrast(brand, white) >= NEEDED;
  return {
    brand: toHex(brand),
    onBrand: toHex(isDark ? white : black),
    light: toHex(readableOn(given, [244, 245, 248])),
    dark: toHex(readableOn(given, [42, 46, 56])),
  };
}
