/** `npm run bench`: see that everything is installed and built, then measure. */
import { ensureBuilt, ensureInstalled } from '../src/prepare.mjs';

await ensureInstalled();
await ensureBuilt();
await import('../dist/bench/main.js');
