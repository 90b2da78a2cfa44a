import type { IncomingMessage, ServerResponse } from 'node:http';
import { callerOf, type Reply } from './call.ts';
import { summarise } from './call-log.ts';
import type { User } from './entities.ts';
import { ApiError, RateLimited } from './errors.ts';
import type { CallFault } from './faults.ts';
import { deleteMessage } from './messages.ts';
import { writeJson } from './responses.ts';
import type { Router } from './router.ts';
import type { Simulator } from './simulator.ts';
import { readBody, type Upload } from './uploads.ts';

/** What is known of a call while it runs; becomes its line in the log. */
interface Track {
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

/** Answers one REST call: faults, token, rate limit, route, body, handler, events, answer – in Discord's order. */
export async function answerRest(
  sim: Simulator,
  router: Router,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const track = open(sim, request);
  const before = track.faults.filter((f) => f.when !== 'after' && f.kind !== 'delete-message');
  if (await strike(sim, before, track, request, response)) return;
  let reply: Reply;
  try {
    reply = await run(sim, router, request, track);
  } catch (error) {
    reply = failure(error, track);
  }
  spoil(sim, track, reply);
  await settle(sim, () => finish(sim, track, request, response, reply));
}

/** Answers a call outside the API: faults strike it, and it is logged. */
export async function answerOutside(
  sim: Simulator,
  request: IncomingMessage,
  response: ServerResponse,
  answer: () => void,
): Promise<void> {
  const track = open(sim, request);
  if (await strike(sim, track.faults, track, request, response)) return;
  answer();
  log(sim, track, response.statusCode);
}

function open(sim: Simulator, request: IncomingMessage): Track {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const caller = identify(sim, request.headers.authorization);
  const method = request.method ?? 'GET';
  return {
    started: Date.now(),
    method,
    path: url.pathname,
    query: url.search,
    caller,
    body: undefined,
    files: [],
    headers: {},
    faults: sim.faults.strike(method, url.pathname, caller?.bot ?? true),
    shared: false,
  };
}

/** A bot's token comes after "Bot ", a person's stands alone; one in the place of the other is refused. */
function identify(sim: Simulator, header: string | undefined): User | undefined {
  if (header === undefined) return undefined;
  const bot = header.startsWith('Bot ');
  const id = sim.world.tokens.get(bot ? header.slice(4) : header);
  const user = id === undefined ? undefined : sim.world.users.get(id);
  return user?.bot === bot ? user : undefined;
}

async function run(
  sim: Simulator,
  router: Router,
  request: IncomingMessage,
  track: Track,
): Promise<Reply> {
  if (sim.calls.invalidRequests >= sim.settings.invalidRequestLimit) {
    throw new RateLimited(600, 'global');
  }
  const body = readBody(request, sim.settings);
  // Read to the end in any case, so that an early refusal does not break the connection.
  const read = await body.then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  );
  track.body = read.value?.json;
  track.files = read.value?.files ?? [];
  const { route, params } = router.find(track.method, apiPath(track.path));
  const query = new URLSearchParams(track.query);
  const { world } = sim;
  const call = {
    sim,
    world,
    params,
    query,
    body: track.body,
    files: track.files,
    caller: track.caller,
  };
  if (!route.open) callerOf(call);
  const major = params.channel ?? params.guild ?? `${params.webhook ?? ''}${params.token ?? ''}`;
  const { caller } = track;
  sim.limits.take(
    {
      route: `${route.method} ${route.path}`,
      major,
      caller: caller ? { id: caller.id, bot: caller.bot } : null,
      limit: route.limit,
      exempt: route.open,
    },
    track.headers,
  );
  if (read.error !== undefined) throw read.error;
  return route.handler(call);
}

function apiPath(path: string): string {
  return path.replace(/^\/api(\/v(9|10))?(?=\/)/, '');
}

function failure(error: unknown, track: Track): Reply {
  if (error instanceof RateLimited) return limited(error, track);
  if (error instanceof ApiError) {
    const { status, code, message, errors } = error;
    return { status, body: { message, code, ...(errors === undefined ? {} : { errors }) } };
  }
  console.error('simulator: a handler failed', error);
  return { status: 500, body: { message: '500: Internal Server Error', code: 0 } };
}

function limited(error: RateLimited, track: Track): Reply {
  const { retryAfter, scope } = error;
  const global = scope === 'global';
  track.shared = scope === 'shared';
  track.headers['Retry-After'] = String(Math.ceil(retryAfter));
  track.headers['X-RateLimit-Scope'] = scope;
  if (global) track.headers['X-RateLimit-Global'] = 'true';
  const body = { message: error.message, retry_after: Number(retryAfter.toFixed(3)), global };
  return { status: 429, body };
}

/** Deletes what the call just made, when a fault asks for it: the author learns an id that is gone. */
function spoil(sim: Simulator, track: Track, reply: Reply): void {
  if (!track.faults.some((f) => f.kind === 'delete-message')) return;
  const made = reply.body as { id?: string; channel_id?: string } | undefined;
  const message = sim.world.message(made?.channel_id ?? '', made?.id ?? '');
  if (message) deleteMessage(sim.world, message);
}

/** Sends the events of a call before or after its answer, as the settings say. */
async function settle(sim: Simulator, answer: () => Promise<void>): Promise<void> {
  const { eventOrder } = sim.settings;
  const { world } = sim;
  const events = world.outbox;
  world.outbox = [];
  const send = () => {
    world.outbox = [...events, ...world.outbox];
    world.flush();
  };
  const first =
    eventOrder === 'before' || (eventOrder === 'alternate' && sim.calls.total % 2 === 0);
  if (first) send();
  await answer();
  if (!first) send();
}

async function finish(
  sim: Simulator,
  track: Track,
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
): Promise<void> {
  const after = track.faults.filter((f) => f.when === 'after');
  if (await strike(sim, after, track, request, response)) return;
  write(sim, track, response, reply);
}

/** Lets faults act in turn; true when one of them took the place of the answer. */
async function strike(
  sim: Simulator,
  faults: CallFault[],
  track: Track,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  for (const fault of faults) {
    switch (fault.kind) {
      case 'delay':
        await new Promise((resolve) => setTimeout(resolve, fault.ms ?? 1000).unref());
        break;
      case 'hang':
        request.resume();
        log(sim, track, 0, 'hang');
        return true;
      case 'reset':
        log(sim, track, 0, 'reset');
        request.socket.resetAndDestroy();
        return true;
      case 'status':
      case 'rate-limit':
        request.resume();
        write(sim, track, response, faultReply(fault, track), fault.kind);
        return true;
    }
  }
  return false;
}

function faultReply(fault: CallFault, track: Track): Reply {
  if (fault.kind === 'status') {
    const status = fault.status ?? 500;
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

function write(
  sim: Simulator,
  track: Track,
  response: ServerResponse,
  reply: Reply,
  fault?: string,
): void {
  const counts = [401, 403, 429].includes(reply.status) && !track.shared;
  if (counts) sim.calls.countInvalid();
  log(sim, track, reply.status, fault);
  if (!response.destroyed) writeJson(response, reply.status, reply.body, track.headers);
}

function log(sim: Simulator, track: Track, status: number, fault?: string): void {
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
