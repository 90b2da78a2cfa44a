import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyTextOf } from './body-text.ts';
import { callerOf, type Reply } from './call.ts';
import { limited, log, type Track, write } from './call-track.ts';
import type { User } from './entities.ts';
import { ApiError, RateLimited } from './errors.ts';
import { spoil, strike } from './fault-strikes.ts';
import type { Router } from './router.ts';
import type { Simulator } from './simulator.ts';
import { readBody } from './uploads.ts';
import { worldOfCall } from './worlds.ts';

/** Answers one REST call: body, faults, token, rate limit, route, handler, events, answer – in Discord's order. */
export async function answerRest(
  sim: Simulator,
  router: Router,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const track = open(sim, request);
  const unread = await readInto(sim, request, track);
  meetFaults(sim, track);
  const before = track.faults.filter((f) => f.when !== 'after' && f.kind !== 'delete-message');
  if (await strike(sim, before, track, request, response)) return;
  let reply: Reply;
  try {
    reply = run(sim, router, track, unread);
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
  meetFaults(sim, track);
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
    faults: [],
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

/** Reads the body to its end, so that an early refusal does not break the connection; gives what was wrong with it. */
async function readInto(sim: Simulator, request: IncomingMessage, track: Track): Promise<unknown> {
  try {
    const { json, files } = await readBody(request, sim.settings);
    Object.assign(track, { body: json, files });
    return undefined;
  } catch (error) {
    return error;
  }
}

function meetFaults(sim: Simulator, track: Track): void {
  const { method, path, caller, body, files } = track;
  const text = bodyTextOf(body, files);
  track.faults = sim.faults.strike({ method, path, isBot: caller?.bot ?? true, text });
}

function run(sim: Simulator, router: Router, track: Track, unread: unknown): Reply {
  if (sim.calls.invalidRequests >= sim.settings.invalidRequestLimit) {
    throw new RateLimited(600, 'global');
  }
  const { route, params } = router.find(track.method, apiPath(track.path));
  const query = new URLSearchParams(track.query);
  const call = {
    sim,
    world: worldOfCall(sim, params, track.body),
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
  if (unread !== undefined) throw unread;
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

/** Sends the events of a call before or after its answer, as the settings say. */
async function settle(sim: Simulator, answer: () => Promise<void>): Promise<void> {
  const { eventOrder } = sim.settings;
  const held = sim.worlds.map((world) => ({ world, events: world.outbox.splice(0) }));
  const send = () => {
    for (const { world, events } of held) {
      world.outbox = [...events, ...world.outbox];
      world.flush();
    }
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
