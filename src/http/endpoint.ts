import type { z } from 'zod';
import type { AppContext } from '../context.ts';
import type { RateLimitName } from '../contract/limits.ts';
import { isHexId } from '../contract/tickets.ts';
import type { Actor } from '../domain/access/actor.ts';
import { parseInput } from '../domain/access/parse.ts';
import { countRequest, rateHeaders } from '../domain/access/rate.ts';
import { AppError, notFound } from '../errors.ts';
import { readJson } from './body.ts';
import { type Reply, sendError, sendReply } from './reply.ts';
import type { RequestContext } from './request-context.ts';

/** What an endpoint is called with: already authorised, counted and parsed. */
export interface Call<B, Q> {
  ctx: AppContext;
  actor: Actor;
  /** Ids of the path, each 24 hexadecimal characters. */
  params: Record<string, string>;
  body: B;
  query: Q;
  request: RequestContext;
}

/** One row of the contract's REST table. */
export interface Endpoint<B extends z.ZodType = z.ZodType, Q extends z.ZodType = z.ZodType> {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With `:name` for a parameter, below `/api/v1`. */
  path: string;
  limit: RateLimitName;
  body?: B;
  query?: Q;
  run(call: Call<z.output<B>, z.output<Q>>): Promise<Reply>;
}

/** Lets TypeScript infer the schemas of an endpoint. */
export function defineEndpoint<B extends z.ZodType, Q extends z.ZodType>(
  endpoint: Endpoint<B, Q>,
): Endpoint {
  return endpoint as unknown as Endpoint;
}

/** @throws AppError UNAUTHORIZED that says why */
export function authenticate(ctx: AppContext, request: RequestContext): Actor {
  const header = request.req.headers.authorization;
  if (header === undefined) throw new AppError('UNAUTHORIZED', 'a bearer token is required');
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (!token)
    throw new AppError('UNAUTHORIZED', 'the Authorization header is not "Bearer <token>"');
  const { actor } = ctx.tokens.verify(token);
  request.user = actor.key;
  return actor;
}

/** Runs an endpoint: who, how often, what, then the verb. */
export async function serve(
  ctx: AppContext,
  endpoint: Endpoint,
  request: RequestContext,
  params: Record<string, string>,
): Promise<void> {
  try {
    const actor = authenticate(ctx, request);
    const verdict = await countRequest(ctx, endpoint.limit, actor.key);
    const body = endpoint.body
      ? parseInput(endpoint.body, await readJson(request), 'body')
      : undefined;
    const query = endpoint.query
      ? parseInput(endpoint.query, Object.fromEntries(request.query), 'query')
      : undefined;
    for (const id of Object.values(params)) if (!isHexId(id)) throw notFound('resource');
    const reply = await endpoint.run({ ctx, actor, params, body, query, request });
    sendReply(request, { ...reply, headers: { ...rateHeaders(verdict), ...reply.headers } });
  } catch (error) {
    sendError(ctx, request, error);
  }
}

/** `Link: <…>; rel="next"` to the same address with some of its query changed. */
export function nextLink(
  request: RequestContext,
  changes: Record<string, string | number>,
): string {
  const query = new URLSearchParams(request.query);
  for (const [name, value] of Object.entries(changes)) query.set(name, String(value));
  return `<${request.path}?${query.toString()}>; rel="next"`;
}
