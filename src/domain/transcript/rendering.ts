import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Part, renderPart } from './page.ts';

/** Up to so many texts are rendered at once: that takes less than starting a worker. */
const MAX_IN_PLACE = 200;
const TIMEOUT_MS = 60_000;

/** The worker's file beside this one: TypeScript from the sources, JavaScript in the build. */
const isSource = import.meta.url.endsWith('.ts');
const workerFile = new URL(`./worker.${isSource ? 'ts' : 'js'}`, import.meta.url);

function startWorker(workerData: Part): Worker {
  if (!isSource) return new Worker(workerFile, { workerData });
  // A thread does not inherit the compiler of the process it is started from.
  const compiler = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const file = JSON.stringify(workerFile.href);
  const code = `import(${compiler}).then(({ register }) => { register(); return import(${file}); })`;
  return new Worker(code, { eval: true, workerData, execArgv: [] });
}

function renderInWorker(part: Part): Promise<Buffer> {
  const worker = startWorker(part);
  const timer = setTimeout(() => void worker.terminate(), TIMEOUT_MS);
  return new Promise<Buffer>((resolve, reject) => {
    worker.once('message', (bytes: Uint8Array) => {
      resolve(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      reject(new Error(`the worker that renders transcripts ended with ${code}`));
    });
  }).finally(() => clearTimeout(timer));
}

/** The texts that a part shows. */
const textsIn = ({ items }: Part) =>
  items.reduce(
    (sum, item) => sum + 1 + (item.kind === 'message' ? item.line.earlier.length : 0),
    0,
  );

/**
 * A part of a transcript's page as bytes. A long one is rendered in a thread of its own, so that nothing
 * else of this process waits for it.
 */
export async function renderInBackground(part: Part): Promise<Buffer> {
  if (textsIn(part) > MAX_IN_PLACE) return renderInWorker(part);
  await setImmediate();
  return Buffer.from(renderPart(part));
}
