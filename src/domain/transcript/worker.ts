import { parentPort, workerData } from 'node:worker_threads';
import { renderTranscript, type Transcript } from './page.ts';

/** A thread for one page: it gets the transcript, hands the bytes over, and ends. */
const bytes = new TextEncoder().encode(renderTranscript(workerData as Transcript));
parentPort?.postMessage(bytes, [bytes.buffer as ArrayBuffer]);
