/**
 * The server and the bot of the demo, as `npm start` runs them, but ending with the demo: when its
 * process is gone, however it went, the channel to it closes.
 */
process.once('disconnect', () => {
  if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(1);
});

// By address: widget imports nothing of the server's.
const main = import.meta.url.endsWith('.ts') ? 'main.ts' : 'main.js';
await import(new URL(`../../src/${main}`, import.meta.url).href);
