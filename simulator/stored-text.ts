import type { Settings } from './settings.ts';

/** Halves of surrogate pairs and the null character: never stored by Discord. */
const NEVER_STORED = /[\p{Cs}\0]/gu;

/** The content a message is stored with, which need not be what was sent. */
export function storedText({ alterations }: Settings, sent: string): string {
  let text = sent.replace(NEVER_STORED, '');
  for (const { pattern, with: instead } of alterations) {
    text = text.replace(new RegExp(pattern, 'gu'), instead);
  }
  return text.trim();
}
