import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeBytes } from './responses.ts';
import type { Simulator } from './simulator.ts';

const GONE = 'This content is no longer available.';
/** One transparent pixel stands for every avatar. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);

/** Serves attachments behind signed, expiring links, and avatars. */
export function answerCdn(
  sim: Simulator,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const text = { 'Content-Type': 'text/plain;charset=UTF-8' };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    writeBytes(response, 405, 'Method Not Allowed', text);
  } else if (url.pathname.startsWith('/attachments/')) {
    const file = sim.world.files.open(decodeURI(url.pathname), url.searchParams);
    if (file) writeBytes(response, 200, file.bytes, { 'Content-Type': file.contentType });
    else writeBytes(response, 404, GONE, text);
  } else {
    writeBytes(response, 200, PIXEL, { 'Content-Type': 'image/png' });
  }
}
