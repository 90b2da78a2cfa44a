import type { ChatOptions } from '../shared/options.ts';

/** A misspelt entry does not compile, a forgotten one is found by a test. */
export const known: (keyof ChatOptions)[] = [
  'tokenUrl',
  'getToken',
  'url',
  'position',
  'color',
  'theme',
  'locale',
  'title',
  'greeting',
  'intro',
  'launcherText',
  'logo',
  'hideLauncher',
  'zIndex',
  'files',
  'fallbackHref',
  'mode',
  'strings',
];

/** One friendly line on the console, with the way out. */
export const hint = (text: string) => console.warn(`[SupportChat] ${text}`);

/** Takes the options that exist, and says which of the others was probably meant. */
export function checkOptions(given: Record<string, unknown>, folder: URL): ChatOptions {
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (known.includes(key as keyof ChatOptions)) options[key] = value;
    else {
      // What guesses is loaded when there is something to guess.
      import(new URL('hints.js', folder).href).then(
        ({ nearest }) => hint(`no option "${key}"; did you mean "${nearest(key, known)}"?`),
        () => hint(`no option "${key}"`),
      );
    }
  }
  return options as ChatOptions;
}

/** The options on a script tag: `data-token-url` is `tokenUrl`. */
export function readTag({ dataset }: HTMLElement, folder: URL): ChatOptions {
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(dataset)) {
    given[key] = /^(true|false|)$/.test(value ?? '') ? value !== 'false' : value;
  }
  return checkOptions(given, folder);
}
