import { parentPort, workerData } from 'node:worker_threads';
import { type Part, renderPart } from './page.ts';

/** A thread for one part of a page: it gets the part, hands the bytes over, and ends. */
const bytes = new TextEncoder().encode(renderPart(workerData as Part));
parentPort?.postMessage(bytes, [bytes.buffer as ArrayBuffer]);
