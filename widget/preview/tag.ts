import type { ChatOptions } from '../src/shared/options.ts';

/** What can be picked; the rest of the options stand in docs/EMBEDDING.md. */
export type Picks = Pick<
  ChatOptions,
  | 'tokenUrl'
  | 'color'
  | 'theme'
  | 'locale'
  | 'position'
  | 'title'
  | 'greeting'
  | 'intro'
  | 'launcherText'
  | 'logo'
>;

const escapeAttribute = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** The tag for a page; what was left as it is does not stand in it. */
export function buildTag(host: string, picks: Picks): string {
  const attributes = Object.entries(picks)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => {
      const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      return `\n  data-${name}="${escapeAttribute(String(value))}"`;
    });
  return `<script async src="${host}/widget/v1.js"${attributes.join('')}></script>`;
}
