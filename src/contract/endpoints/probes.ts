import { z } from 'zod';
import type { EndpointRows } from '../endpoint-row.ts';

const health = z.object({ status: z.literal('ok') });
const readiness = z.object({
  status: z.enum(['ok', 'degraded', 'unavailable']),
  parts: z.record(
    z.string(),
    z.object({ state: z.enum(['ok', 'degraded', 'down']), reason: z.string().exactOptional() }),
  ),
});

export const probeEndpoints = {
  health: {
    method: 'GET',
    path: '/healthz',
    summary: 'The process runs.',
    auth: 'none',
    may: 'everybody',
    answers: { 200: health },
    errors: [],
  },
  ready: {
    method: 'GET',
    path: '/readyz',
    summary: 'Whether the process should get requests, and if not why.',
    auth: 'none',
    may: 'everybody',
    answers: { 200: readiness, 503: readiness },
    errors: [],
  },
} as const satisfies EndpointRows;
