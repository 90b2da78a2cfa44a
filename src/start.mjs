/** `npm start`: installs where nothing is yet, builds what changed, and runs the server in this process. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endWithNpm, ensureBuilt, ensureInstalled, root } from './prepare.mjs';

endWithNpm();
try {
  // What is installed already is not touched: it may be without development dependencies on purpose.
  if (!existsSync(join(root, 'node_modules'))) await ensureInstalled();
  await ensureBuilt();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
await import('../dist/src/main.js');
