import { execFile } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startDemo } from './start.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** An editor writes a file in several steps, and a branch is many files. */
const SETTLE_MS = 200;

const say = (line: string) => console.error(line);

/** Runs `work` once after each burst of changes below some folders; never two at once. */
function onChange(folders: readonly string[], work: (file: string) => Promise<void>): void {
  let timer: NodeJS.Timeout | undefined;
  let under = Promise.resolve();
  for (const folder of folders) {
    if (!existsSync(`${root}${folder}`)) continue;
    watch(`${root}${folder}`, { recursive: true }, (_event, file) => {
      if (!file || !/\.(tsx?|css|html)$/.test(file)) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        under = under.then(() => work(`${folder}/${file}`));
      }, SETTLE_MS);
    });
  }
}

function bundle(): Promise<void> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['widget/demo/bundle.mjs'], { cwd: root }, (error, _out, said) => {
      say(error ? said : 'the page is bundled: reload it');
      resolve();
    });
  });
}

await startDemo({
  dataDir: './data/dev',
  logLevel: 'debug',
  onLog: (chunk) => process.stderr.write(chunk),
  watch(desk) {
    say('watching src, bot, client and widget; the simulator keeps its state');
    onChange(['src', 'bot'], async (file) => {
      say(`${file} has changed: restarting the server and the bot`);
      await desk.restart();
      say('restarted');
    });
    onChange(['client', 'widget', 'console'], async (file) => {
      say(`${file} has changed`);
      await bundle();
    });
    onChange(['simulator'], async (file) => say(`${file} has changed: start this command again`));
  },
});
