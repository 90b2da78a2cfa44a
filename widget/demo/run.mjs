/** `npm run demo`: installs and builds what is missing, then shows both sides of Deskcord on one page. */
import { endWithNpm, ensureBuilt, ensureInstalled, say } from '../../src/prepare.mjs';

try {
  await ensureInstalled();
  await ensureBuilt();
} catch (error) {
  say(`The demo does not start: ${error.message}`);
  process.exit(1);
}
endWithNpm();
const { startDemo } = await import('../../dist/widget/demo/start.js');
await startDemo();
