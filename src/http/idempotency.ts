import { z } from 'zod';
import { clientId } from '../contract/ids.ts';
import { parseInput } from '../domain/access/parse.ts';
import type { RequestContext } from './request-context.ts';

const keyed = z.object({ client_id: clientId });

/** The body's `client_id`, or else the `Idempotency-Key` header: one mechanism under two names. */
export function withClientId<B extends { client_id?: string | undefined }>(
  request: RequestContext,
  body: B,
): B {
  const header = request.req.headers['idempotency-key'];
  if (body.client_id !== undefined || typeof header !== 'string') return body;
  return { ...body, ...parseInput(keyed, { client_id: header }, 'body') };
}
