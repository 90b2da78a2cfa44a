/** `npm run dev`: the demo from its sources; every change restarts or bundles what it concerns. */
import { spawn } from 'node:child_process';
import { ensureInstalled, root, run, say } from '../../src/prepare.mjs';

try {
  await ensureInstalled();
  const code = await run(process.execPath, ['widget/demo/bundle.mjs']);
  if (code !== 0) throw new Error('the page cannot be bundled');
} catch (error) {
  say(`It does not start: ${error.message}`);
  process.exit(1);
}
const child = spawn(process.execPath, ['--import', 'tsx', 'widget/demo/dev.ts'], {
  cwd: root,
  stdio: 'inherit',
});
// Ctrl-C in a terminal goes to the child as well; what is left to do is to wait for it.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => process.exit(code ?? 1));
