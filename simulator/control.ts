import type { IncomingMessage, ServerResponse } from 'node:http';
import { actsAtOnce, strikeNow } from './at-once.ts';
import { ApiError, invalidField } from './errors.ts';
import { writeJson } from './responses.ts';
import type { Simulator } from './simulator.ts';
import { renderState } from './state.ts';
import { readBody } from './uploads.ts';

/** Answers `/__sim/…`: what Discord has no call for. */
export async function answerControl(
  sim: Simulator,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', sim.url);
  try {
    const { json } = await readBody(request, sim.settings);
    const [status, body] = run(sim, `${request.method} ${url.pathname}`, url.searchParams, json);
    writeJson(response, status, body);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { status, code, message, errors } = error;
    writeJson(response, status, { message, code, errors });
  }
}

function run(
  sim: Simulator,
  what: string,
  query: URLSearchParams,
  body: unknown,
): [status: number, body: unknown] {
  switch (what) {
    case 'GET /__sim/state':
      return [200, renderState(sim, query)];
    case 'GET /__sim/faults':
      return [200, listFaults(sim)];
    case 'POST /__sim/faults':
      for (const fault of Array.isArray(body) ? body : [body]) addFault(sim, fault);
      for (const world of sim.worlds) world.flush();
      return [200, listFaults(sim)];
    case 'DELETE /__sim/faults':
      sim.clearFaults();
      return [200, listFaults(sim)];
    case 'POST /__sim/reset':
      sim.reset();
      return [200, sim.directory];
    default:
      return [404, { message: '404: Not Found', code: 0 }];
  }
}

function addFault(sim: Simulator, fault: unknown): void {
  if (typeof fault !== 'object' || fault === null) {
    throw invalidField(['kind'], 'BASE_TYPE_REQUIRED', 'This field is required');
  }
  if (actsAtOnce(fault)) strikeNow(sim, fault);
  else sim.faults.add(fault);
}

function listFaults(sim: Simulator): unknown {
  return { faults: sim.faults.all(), gateway: sim.gateway.faults, settings: sim.settings };
}
