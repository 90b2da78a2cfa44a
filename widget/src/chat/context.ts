import type { ChatOptions } from '../shared/options.ts';
import { isVisible, limits } from './text-rules.ts';

type Context = Record<string, string>;

/** As the server takes keys: a letter or digit first, so that none is a key of its database's own. */
const goodKey = /^[\p{L}\p{N}][\p{L}\p{N} _.-]*$/u;

/** Where a page is, without what may be secret: the query and what is behind the `#`. */
function placeOf(address: string): string {
  try {
    const { origin, pathname } = new URL(address);
    return origin + pathname;
  } catch {
    return '';
  }
}

/** What the page itself shows of the circumstances. */
function observe(): Context {
  return {
    page: placeOf(location.href),
    title: document.title,
    referrer: placeOf(document.referrer),
    browser: navigator.userAgent,
    language: navigator.language,
  };
}

/**
 * What staff are told of where a conversation began: what the page shows, and over it what the partner
 * says. Cut to what the server takes: a word too many must not keep anybody from writing.
 */
export function contextOf({ context = {} }: ChatOptions): Context | undefined {
  if (context === false) return undefined;
  const given = typeof context === 'object' ? context : {};
  const cut = (text: unknown) =>
    [...String(text ?? '').toWellFormed()].slice(0, limits.contextValue).join('').trim();
  const entries = Object.entries({ ...given, ...observe(), ...given })
    .map(([key, value]) => [key, cut(value)] as const)
    .filter(
      ([key, value]) => isVisible(value) && key.length <= limits.contextKey && goodKey.test(key),
    );
  return Object.fromEntries(entries.slice(0, limits.contextKeys));
}
