import type { ChatOptions } from '../shared/options.ts';

/** One friendly line on the console, with the way out. */
export const hint = (text: string) => console.warn(`[SupportChat] ${text}`);

/** The options on a script tag: `data-token-url` is `tokenUrl`. */
export function readTag({ dataset }: HTMLElement): ChatOptions {
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(dataset)) {
    given[key] = /^(true|false|)$/.test(value ?? '') ? value !== 'false' : value;
  }
  return given as ChatOptions;
}
