const modified = '(?:\\p{Emoji_Modifier}|\\uFE0F)?';
const element = `\\p{Extended_Pictographic}${modified}`;
const sequence = `${element}(?:\\u200D${element})*`;
const flag = '\\p{Regional_Indicator}{2}';
const keycap = '[0-9#*]\\uFE0F?\\u20E3';
/** A black flag with the name of a region in invisible letters. */
const region = '\\u{1F3F4}[\\u{E0030}-\\u{E0039}\\u{E0061}-\\u{E007A}]{2,6}\\u{E007F}';
const emoji = new RegExp(`^(?:${region}|${flag}|${keycap}|${sequence})$`, 'u');

const BARE = /(\p{Extended_Pictographic})(?![\uFE0F\p{Emoji_Modifier}])/gu;
const SHOWN_AS_EMOJI = /\p{Emoji_Presentation}/u;

/**
 * A text that is one emoji, in the one form in which it is stored: a character that would be shown as
 * text has the selector that makes it an emoji (UTS 51), so that ❤ and ❤️ are the same reaction.
 * @param most code points
 * @returns undefined for anything else
 */
export function canonicalEmoji(text: string, most: number): string | undefined {
  // Looked at first: what follows costs time by the length.
  if (text.length > 2 * most || [...text].length > most || !emoji.test(text)) return undefined;
  const plain = text.replaceAll('\uFE0F', '');
  if (/\u20E3$/u.test(plain)) return `${plain.at(0)}\uFE0F\u20E3`;
  return plain.replace(BARE, (one) => (SHOWN_AS_EMOJI.test(one) ? one : `${one}\uFE0F`));
}
