import type { EndpointCalls } from '../src/contract/endpoints.ts';
import type { Answer, Rest } from './rest.ts';

/** Those of the API; the probes are not. */
export type VerbName = {
  [N in keyof EndpointCalls]: EndpointCalls[N]['route'] extends `${string} /api/v1/${string}`
    ? N
    : never;
}[keyof EndpointCalls];

/** Method and path below `/api/v1`: `POST /tickets/:ticketId/claim`. */
export type RouteOf<N extends VerbName> =
  EndpointCalls[N]['route'] extends `${infer M} /api/v1${infer P}` ? `${M} ${P}` : never;

/** One id for each `:name` of a path. */
type Ids<Path extends string> = Path extends `${string}/:${infer Rest}`
  ? [id: string, ...Ids<Rest>]
  : [];

/** A value of a query as a caller gives it: numbers need not be written as text. */
type QueryValue<T> = unknown extends T ? string | number : string extends T ? T | number : T;
type Query<T> = T extends object ? { [K in keyof T]: QueryValue<T[K]> } : undefined;

type InputOf<N extends VerbName> = EndpointCalls[N]['body'] extends undefined
  ? Query<EndpointCalls[N]['query']>
  : EndpointCalls[N]['body'];

/** Nothing where the endpoint takes nothing, and optional where all of it is. */
type Input<T> = [T] extends [undefined]
  ? []
  : Record<never, never> extends T
    ? [input?: T]
    : [input: T];

export type AnswerOf<N extends VerbName> = EndpointCalls[N]['answer'];

/** The ids of the path, then what the endpoint takes. */
type Args<N extends VerbName> = [...Ids<RouteOf<N>>, ...Input<InputOf<N>>];

/** An endpoint as a function: the ids of its path, then its body or query. @throws DeskError */
export type Verb<N extends VerbName> = (...args: Args<N>) => Promise<AnswerOf<N>>;

/** One page of a list. */
export interface Page<T> {
  rows: T[];
  /** On all pages together; of a list that goes on by `before`, on this one. */
  total: number;
  /** What `before` takes for the page after this one, where there is one. */
  next?: string;
}
/** The same of a list, which is answered by pages. */
export type PageVerb<N extends VerbName> = (...args: Args<N>) => Promise<Page<RowOf<N>>>;
type RowOf<N extends VerbName> = AnswerOf<N> extends readonly (infer T)[] ? T : never;

function pageOf<T>({ body, headers }: Answer<T[]>): Page<T> {
  const [, link] = /<([^>]*)>; *rel="next"/.exec(headers.get('link') ?? '') ?? [];
  const next = link && new URL(link, 'http://localhost').searchParams.get('before');
  return {
    rows: body,
    total: Number(headers.get('x-total-count') ?? body.length),
    ...(next && { next }),
  };
}

/**
 * Makes functions of endpoints. The name says which types it has and the route where it is; one that is
 * not that endpoint's does not compile.
 */
export function createVerbs(rest: Rest) {
  const ask = <T>(route: string, args: readonly unknown[]): Promise<Answer<T>> => {
    const [method = '', path = ''] = route.split(' ');
    const left = [...args];
    const address = path.replace(/:\w+/g, () => encodeURIComponent(String(left.shift())));
    const [input] = left as [object?];
    if (method === 'GET') return rest.call(method, address, input ? { query: { ...input } } : {});
    return rest.call(method, address, method === 'DELETE' ? {} : { body: input ?? {} });
  };
  return {
    /** Answers what the endpoint does. */
    verb:
      <N extends VerbName>(_name: N, route: RouteOf<N>): Verb<N> =>
      async (...args) =>
        (await ask<AnswerOf<N>>(route, args)).body,
    /** Answers a page of a list, and how many rows there are. */
    page:
      <N extends VerbName>(_name: N, route: RouteOf<N>): PageVerb<N> =>
      async (...args) =>
        pageOf(await ask(route, args)),
  };
}
