import type { z } from 'zod';
import type { AppContext } from '../context.ts';
import {
  type AnswerOf,
  type EndpointName,
  type EndpointRow,
  endpoints,
  type OpenEndpointName,
  type Parsed,
  type TokenEndpointName,
} from '../contract/endpoints.ts';
import type { RateLimitName } from '../contract/limits.ts';
import type { Actor } from '../domain/access/actor.ts';
import { parseInput } from '../domain/access/parse.ts';
import { countRequest, rateHeaders } from '../domain/access/rate.ts';
import { withIdentities } from '../domain/agents/identities.ts';
import { AppError, notFound } from '../errors.ts';
import { readJson } from './body.ts';
import { type Form, isForm, readForm } from './forms.ts';
import { type Reply, sendError, sendLines, sendPage, sendReply } from './reply.ts';
import type { RequestContext } from './request-context.ts';

/** What a handler is called with: already authorised, counted and parsed as its row says. */
export interface Call<N extends EndpointName> {
  ctx: AppContext;
  actor: Actor;
  /** Ids of the path, as the row's schema says; others are 404. */
  params: Parsed<N, 'params'>;
  body: Parsed<N, 'body'>;
  query: Parsed<N, 'query'>;
  request: RequestContext;
}

/** Answers a row of the table that needs a token: what it returns is what the row promises. */
export type Handler<N extends TokenEndpointName> = (call: Call<N>) => Promise<AnswerOf<N>>;

/** Answers a row that asks for no token, or not for JSON, by itself. */
export type OpenHandler = (
  ctx: AppContext,
  request: RequestContext,
  params: Record<string, string>,
) => Promise<void>;

/** One handler for every row of the contract's table: a row without one does not compile. */
export type Handlers = { [N in TokenEndpointName]: Handler<N> } & {
  [N in OpenEndpointName]: OpenHandler;
};

/** A row that needs a token, with its handler. */
export interface Endpoint {
  row: EndpointRow & { limit: RateLimitName };
  run(call: Call<never>): Promise<Reply>;
}

export function bindEndpoint<N extends TokenEndpointName>(name: N, run: Handler<N>): Endpoint {
  return { row: endpoints[name], run: run as unknown as Endpoint['run'] };
}

/** @throws AppError UNAUTHORIZED that says why */
export async function authenticate(ctx: AppContext, request: RequestContext): Promise<Actor> {
  const header = request.req.headers.authorization;
  if (header === undefined) throw new AppError('UNAUTHORIZED', 'a bearer token is required');
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (!token)
    throw new AppError('UNAUTHORIZED', 'the Authorization header is not "Bearer <token>"');
  const { actor } = await ctx.tokens.verify(token);
  request.user = actor.key;
  ctx.desk.seen.note(actor);
  return { via: { door: 'rest', requestId: request.id }, ...(await withIdentities(ctx, actor)) };
}

const parse = (schema: z.ZodType | undefined, input: () => unknown, where: 'body' | 'query') =>
  schema ? parseInput(schema, input(), where) : undefined;

/** A field under another name becomes the field, where that is not there itself. */
function rename(input: unknown, aliases: EndpointRow['aliases']): unknown {
  if (!aliases || typeof input !== 'object' || input === null) return input;
  const renamed: Record<string, unknown> = { ...input };
  for (const [name, field] of Object.entries(aliases)) {
    if (renamed[field] === undefined && renamed[name] !== undefined) renamed[field] = renamed[name];
    delete renamed[name];
  }
  return Array.isArray(input) ? input : renamed;
}

/** An answer that has begun cannot become an error: its end is missing, and that is seen. */
function cut(ctx: AppContext, { id, res }: RequestContext, error: unknown): void {
  ctx.log.warn({ request: id, reason: (error as Error).message }, 'an answer was cut off');
  res.destroy();
}

/** Runs an endpoint: who, how often, what, then the verb. */
export async function serve(
  ctx: AppContext,
  { row, run }: Endpoint,
  request: RequestContext,
  params: Record<string, string>,
): Promise<void> {
  const end = ctx.metrics.requests.startTimer({ method: row.method, path: row.path });
  let form: Form | undefined;
  let reply: Reply | undefined;
  try {
    const actor = await authenticate(ctx, request);
    const verdict = await countRequest(ctx, row.limit, actor.key);
    if (row.files && isForm(request)) form = await readForm(ctx, actor, request, row.files.into);
    const input = form ? form.fields : row.body && (await readJson(request));
    const body = parse(row.body, () => rename(input, row.aliases), 'body');
    const query = parse(row.query, () => Object.fromEntries(request.query), 'query');
    // What is no id names nothing.
    const named = row.params?.safeParse(params);
    if (named && !named.success) throw notFound('resource');
    const call = { ctx, actor, params, body, query, request } as unknown as Call<never>;
    reply = await run(call);
    const headers = { ...rateHeaders(verdict), ...reply.headers };
    if (reply.page) await sendPage(request, reply.page, headers);
    else if (reply.lines) await sendLines(request, reply.status, reply.lines, headers);
    else sendReply(request, reply, headers);
  } catch (error) {
    await form?.forget();
    if (request.res.headersSent) cut(ctx, request, error);
    else sendError(ctx, request, error);
  }
  reply?.done?.();
  end({ status: request.res.statusCode });
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
