import type { ServerResponse } from 'node:http';
import type { Reply } from './call.ts';
import { summarise } from './call-log.ts';
import type { User } from './entities.ts';
import type { RateLimited } from './errors.ts';
import type { CallFault } from './faults.ts';
import { writeBytes, writeJson } from './responses.ts';
import type { Simulator } from './simulator.ts';
import type { Upload } from './uploads.ts';

/** What is known of a call while it runs; becomes its line in the log. */
export interface Track {
  started: number;
  method: string;
  path: string;
  query: string;
  caller: User | undefined;
  body: unknown;
  files: Upload[];
  headers: Record<string, string>;
  faults: CallFault[];
  shared: boolean;
}

/** The answer to a call that came too soon; its headers go into the track. */
export function limited(error: RateLimited, track: Track): Reply {
  const { retryAfter, scope } = error;
  const global = scope === 'global';
  track.shared = scope === 'shared';
  track.headers['Retry-After'] = String(Math.ceil(retryAfter));
  track.headers['X-RateLimit-Scope'] = scope;
  if (global) track.headers['X-RateLimit-Global'] = 'true';
  const body = { message: error.message, retry_after: Number(retryAfter.toFixed(3)), global };
  return { status: 429, body };
}

/** Answers, and counts and logs the call. */
export function write(
  sim: Simulator,
  track: Track,
  response: ServerResponse,
  reply: Reply,
  fault?: string,
): void {
  const counts = [401, 403, 429].includes(reply.status) && !track.shared;
  if (counts) sim.calls.countInvalid();
  log(sim, track, reply.status, fault);
  if (response.destroyed) return;
  const { status, body } = reply;
  if (typeof body !== 'string') writeJson(response, status, body, track.headers);
  else writeBytes(response, status, body, { ...track.headers, 'Content-Type': 'text/html' });
}

/** Writes the call's line of the log. */
export function log(sim: Simulator, track: Track, status: number, fault?: string): void {
  sim.calls.add({
    at: new Date(track.started).toISOString(),
    method: track.method,
    path: `${track.path}${track.query}`,
    status,
    who: track.caller?.username ?? null,
    ms: Date.now() - track.started,
    body: summarise(track.body),
    files: track.files.map((f) => ({ filename: f.filename, size: f.bytes.length })),
    ...(fault === undefined ? {} : { fault }),
  });
}
