import type { Strings } from '../locales/en.ts';
import { soon } from './soon.ts';

const languages = ['en', 'de', 'fr', 'es', 'pt', 'ar', 'ja'];
const rightToLeft = ['ar', 'he', 'fa', 'ur'];

type Values = Record<string, string | number>;
/** A key, a plural one without its form. */
export type WordKey =
  | keyof Strings
  | (keyof Strings extends infer K ? (K extends `${infer Name}_other` ? Name : never) : never);

/** The texts of one language, with the partner's own over them. */
export class Words {
  readonly locale: string;
  readonly direction: 'ltr' | 'rtl';
  readonly #table: Record<string, string>;
  readonly #plural: Intl.PluralRules;
  readonly #formats = new Map<string, Intl.DateTimeFormat>();

  constructor(locale: string, table: Record<string, string>) {
    this.locale = locale;
    this.direction = rightToLeft.includes(locale.split('-')[0] ?? '') ? 'rtl' : 'ltr';
    this.#table = table;
    this.#plural = new Intl.PluralRules(locale);
    // The first one takes longest, and is not needed yet.
    soon(() => this.time(0), 'background');
  }

  /** The text of `key`; `count` chooses among its plural forms. */
  readonly say = (key: WordKey, values: Values = {}): string => {
    const { count } = values;
    const form = typeof count === 'number' ? `${key}_${this.#plural.select(count)}` : key;
    const text = this.#table[form] ?? this.#table[`${key}_other`] ?? this.#table[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };

  #format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const known = this.#formats.get(name);
    const format = known ?? new Intl.DateTimeFormat(this.locale, options);
    if (!known) this.#formats.set(name, format);
    return format;
  }

  time(at: number): string {
    return this.#format('time', { timeStyle: 'short' }).format(at);
  }

  readonly full = (at: number): string =>
    this.#format('full', { dateStyle: 'long', timeStyle: 'short' }).format(at);

  /** "Today", "Yesterday", the weekday of the last days, or the date. */
  day(at: number, now = Date.now()): string {
    const days = Math.round((startOfDay(now) - startOfDay(at)) / 86_400_000);
    if (days === 0 || days === 1) {
      const text = new Intl.RelativeTimeFormat(this.locale, { numeric: 'auto' }).format(
        -days,
        'day',
      );
      return text.charAt(0).toLocaleUpperCase(this.locale) + text.slice(1);
    }
    if (days > 1 && days < 7) return this.#format('weekday', { weekday: 'long' }).format(at);
    return this.#format('date', { dateStyle: 'medium' }).format(at);
  }

  /** The time of today, the day of what is older. */
  when(at: number, now = Date.now()): string {
    return startOfDay(now) === startOfDay(at) ? this.time(at) : this.day(at, now);
  }
}

export function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** Loads a language; one that is not there is English. Rejects where it cannot be loaded. */
export async function loadWords(locale: string, own: Record<string, string> = {}): Promise<Words> {
  const language = locale.toLowerCase().split(/[-_]/)[0] ?? '';
  if (!languages.includes(language)) return loadWords('en', own);
  let valid = language;
  try {
    [valid = language] = Intl.getCanonicalLocales(locale);
  } catch {
    // Such as `en_GB`: the language alone.
  }
  const file = `./locale-${language}.js`;
  const { strings }: { strings: Record<string, string> } = await import(file);
  return new Words(valid, { ...strings, ...own });
}
