import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The checkout, whether this runs compiled from `dist` or not. */
export const sourceRoot = existsSync(join(here, 'package.json')) ? here : dirname(here);

/** A compiled program by its source, such as `src/main`: what is measured is what users run. */
export function compiled(program: string): string {
  return join(sourceRoot, 'dist', `${program}.js`);
}
