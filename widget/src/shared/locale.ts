import type { ChatOptions } from './options.ts';

/** The language asked for, that of the page, or that of the browser. */
export function localeOf({ locale = 'auto' }: ChatOptions): string {
  if (locale !== 'auto') return locale;
  const { lang } = document.documentElement;
  if (!lang) return navigator.language || 'en';
  // The page says English; which kind of English, and so which dates, the browser knows.
  return navigator.languages.find((own) => own.startsWith(`${lang}-`)) ?? lang;
}
