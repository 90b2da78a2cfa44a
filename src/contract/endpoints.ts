import type { z } from 'zod';
import type { EndpointRows } from './endpoint-row.ts';
import { agentEndpoints } from './endpoints/agents.ts';
import { availabilityEndpoints } from './endpoints/availability.ts';
import { blockEndpoints } from './endpoints/blocks.ts';
import { cannedReplyEndpoints } from './endpoints/canned-replies.ts';
import { catalogueEndpoints } from './endpoints/catalogue.ts';
import { commentEndpoints } from './endpoints/comments.ts';
import { customerEndpoints } from './endpoints/customers.ts';
import { digestEndpoints } from './endpoints/digest.ts';
import { erasureEndpoints } from './endpoints/erasures.ts';
import { fileEndpoints } from './endpoints/files.ts';
import { messageEndpoints } from './endpoints/messages.ts';
import { noteEndpoints } from './endpoints/notes.ts';
import { packageEndpoints } from './endpoints/packages.ts';
import { probeEndpoints } from './endpoints/probes.ts';
import { reportEndpoints } from './endpoints/reports.ts';
import { ticketVerbEndpoints } from './endpoints/ticket-verbs.ts';
import { ticketEndpoints } from './endpoints/tickets.ts';
import { transcriptEndpoints } from './endpoints/transcripts.ts';

export { commonErrors, type EndpointRow } from './endpoint-row.ts';

/**
 * THE table of the REST side, area by area. A row that names a path (`/tickets/new`) goes before one
 * that has a parameter in its place, whatever their order here.
 */
export const endpoints = {
  ...ticketEndpoints,
  ...ticketVerbEndpoints,
  ...catalogueEndpoints,
  ...messageEndpoints,
  ...commentEndpoints,
  ...noteEndpoints,
  ...fileEndpoints,
  ...customerEndpoints,
  ...packageEndpoints,
  ...cannedReplyEndpoints,
  ...agentEndpoints,
  ...availabilityEndpoints,
  ...digestEndpoints,
  ...blockEndpoints,
  ...reportEndpoints,
  ...transcriptEndpoints,
  ...erasureEndpoints,
  ...probeEndpoints,
} as const satisfies EndpointRows;

export type Endpoints = typeof endpoints;
export type EndpointName = keyof Endpoints;

/** Those that need a token, and answer in JSON. */
export type TokenEndpointName = {
  [N in EndpointName]: Endpoints[N]['auth'] extends 'token' ? N : never;
}[EndpointName];
export type OpenEndpointName = Exclude<EndpointName, TokenEndpointName>;

/** What a part of a request becomes once parsed; undefined where the row has no such part. */
export type Parsed<N extends EndpointName, P extends 'params' | 'query' | 'body'> =
  Endpoints[N] extends Record<P, infer S extends z.ZodType> ? z.output<S> : undefined;

/** A status the row knows, with the body it promises. */
export type AnswerOf<N extends EndpointName> = {
  [S in keyof Endpoints[N]['answers']]: {
    status: S;
    body: Endpoints[N]['answers'][S] extends z.ZodType
      ? z.input<Endpoints[N]['answers'][S]>
      : undefined;
    headers?: Record<string, string>;
    /** Goes out in place of the body, where CSV was asked for. */
    csv?: string | undefined;
    /** Goes out in place of the body, one line of JSON after the other, as they come. */
    lines?: AsyncIterable<unknown>;
  };
}[keyof Endpoints[N]['answers']];

type GivenTo<N extends EndpointName, P extends 'query' | 'body'> =
  Endpoints[N] extends Record<P, infer S extends z.ZodType> ? z.input<S> : undefined;

type Answers<N extends EndpointName> = Endpoints[N]['answers'];

/** Endpoints as a client meets them: what it gives, and what it gets, in plain types. */
export type EndpointCalls = {
  [N in EndpointName]: {
    /** Method and path, as in `POST /api/v1/tickets/:ticketId/claim`. */
    route: `${Endpoints[N]['method']} ${Endpoints[N]['path']}`;
    query: GivenTo<N, 'query'>;
    body: GivenTo<N, 'body'>;
    /** Undefined where there is no body, or one of bytes. */
    answer: {
      [S in keyof Answers<N>]: Answers<N>[S] extends z.ZodType
        ? z.output<Answers<N>[S]>
        : undefined;
    }[keyof Answers<N>];
  };
};
