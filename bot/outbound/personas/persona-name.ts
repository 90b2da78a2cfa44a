import { shorten } from '../../format.ts';

/** Characters of a webhook's name that Discord takes. */
const MAX_NAME = 80;
const reserved = /^(?:everyone|here)$/i;

/**
 * A customer's name as Discord takes it for a webhook's post: on one line, without what it forbids there, and
 * never the name of the bot itself.
 * @param taken names that a customer may not bear alone
 */
export function personaName(name: string, taken: readonly string[] = []): string {
  const visible = name
    .toWellFormed()
    .normalize('NFKC')
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, '')
    .replace(/[@#:`]/g, '')
    // A letter is set apart, so that the name can still be read.
    .replace(/(d)(iscord)|(c)(lyde)/gi, (found) => `${found.charAt(0)}·${found.slice(1)}`)
    .replace(/\s+/g, ' ')
    .trim();
  const isTaken = taken.some((one) => one.toLowerCase() === visible.toLowerCase());
  if (isTaken || reserved.test(visible)) return `${shorten(visible, MAX_NAME - 11)} (customer)`;
  return shorten(visible, MAX_NAME) || 'Customer';
}
