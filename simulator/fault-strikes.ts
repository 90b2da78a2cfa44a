import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Reply } from './call.ts';
import { limited, log, type Track, write } from './call-track.ts';
import { RateLimited } from './errors.ts';
import type { CallFault } from './faults.ts';
import { deleteMessage } from './messages.ts';
import type { Simulator } from './simulator.ts';
import { worldOfChannel } from './worlds.ts';

/** Deletes what the call just made, when a fault asks for it: the author learns an id that is gone. */
export function spoil(sim: Simulator, track: Track, reply: Reply): void {
  if (!track.faults.some((f) => f.kind === 'delete-message')) return;
  const made = reply.body as { id?: string; channel_id?: string } | undefined;
  const world = worldOfChannel(sim, made?.channel_id);
  const message = world.message(made?.channel_id ?? '', made?.id ?? '');
  if (message) deleteMessage(world, message);
}

/** Lets faults act in turn; true when one of them took the place of the answer. */
export async function strike(
  sim: Simulator,
  faults: CallFault[],
  track: Track,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  for (const fault of faults) {
    switch (fault.kind) {
      case 'delay':
        await wait(fault.ms ?? 1000);
        break;
      case 'hang':
        request.resume();
        log(sim, track, 0, 'hang');
        return true;
      case 'stall':
        request.resume();
        log(sim, track, 200, 'stall');
        response.writeHead(200, { 'Content-Type': 'application/json' }).write('{');
        return true;
      case 'reset':
        log(sim, track, 0, 'reset');
        request.socket.resetAndDestroy();
        return true;
      case 'status':
      case 'rate-limit':
        request.resume();
        if (fault.ms !== undefined) await wait(fault.ms);
        write(sim, track, response, faultReply(fault, track), fault.kind);
        return true;
    }
  }
  return false;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function faultReply(fault: CallFault, track: Track): Reply {
  if (fault.kind === 'status') {
    const status = fault.status ?? 500;
    if (fault.answer !== undefined) return { status, body: fault.answer };
    const message = fault.message ?? `${status}: Fault`;
    const errors = fault.errors === undefined ? {} : { errors: fault.errors };
    return { status, body: { message, code: fault.code ?? 0, ...errors } };
  }
  const retryAfter = fault.retry_after ?? 1;
  const reply = limited(new RateLimited(retryAfter, fault.scope ?? 'user'), track);
  track.headers['Retry-After'] = String(retryAfter);
  track.headers['X-RateLimit-Reset-After'] = String(retryAfter);
  if (fault.without_header) delete track.headers['Retry-After'];
  return reply;
}
