/** `npm start`: builds what changed and runs the server in this process. */
import { endWithNpm, ensureBuilt } from './prepare.mjs';

endWithNpm();
try {
  await ensureBuilt();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
await import('../dist/src/main.js');
