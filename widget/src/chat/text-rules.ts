/** Copies of the contract's numbers; a test compares them. */
export const limits = {
  ...{ content: 4000, topic: 200, comment: 2000, file: 10 * 1024 * 1024, filesPerMessage: 10 },
  ...{ contextKeys: 20, contextKey: 40, contextValue: 500 },
};

/** Length as the server counts it. */
export function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** True where there is something to see; zero-width and other format characters are nothing. */
export function isVisible(text: string): boolean {
  return /[^\s\p{Cf}\p{Cc}\u115f\u1160\u2800\u3164\uffa0]/u.test(text);
}

/** Bytes as people count them. */
export function sizeText(bytes: number, locale: string): string {
  const [share, unit] = bytes < 1024 * 1024 ? [bytes / 1024, 'kB'] : [bytes / 1024 / 1024, 'MB'];
  const digits = unit === 'MB' && share < 10 ? 1 : 0;
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: digits });
  return `${number.format(Math.max(unit === 'kB' ? 1 : 0, share))} ${unit}`;
}

/** What belongs to a sentence, not to the address in it: final punctuation and an unopened bracket. */
export function trimUrl(found: string): string {
  let url = found;
  for (;;) {
    const last = url.at(-1) ?? '';
    const isPunctuation = /[.,;:!?'"*_~|…。、！？»”’]/.test(last);
    const opener = { ')': '(', ']': '[', '}': '{' }[last];
    const isUnopened = opener !== undefined && url.split(opener).length < url.split(last).length;
    if (!isPunctuation && !isUnopened) return url;
    url = url.slice(0, -1);
  }
}
