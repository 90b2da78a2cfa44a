import {
  type EndpointName,
  type EndpointRow,
  endpoints,
  type TokenEndpointName,
} from '../contract/endpoints.ts';
import { agentHandlers } from './agents.ts';
import { availabilityHandlers } from './availability.ts';
import { blockHandlers } from './blocks.ts';
import { cannedReplyHandlers } from './canned-replies.ts';
import { catalogueHandlers } from './catalogue.ts';
import { commentHandlers } from './comments.ts';
import { customerHandlers } from './customers.ts';
import { digestHandlers } from './digest.ts';
import { serveFile } from './downloads.ts';
import {
  bindEndpoint,
  type Endpoint,
  type Handler,
  type Handlers,
  type OpenHandler,
} from './endpoint.ts';
import { erasureHandlers } from './erasures.ts';
import { messageHandlers } from './messages.ts';
import { noteHandlers } from './notes.ts';
import { packageHandlers } from './packages.ts';
import { probeHandlers } from './probes.ts';
import { reportHandlers } from './reports.ts';
import { ticketVerbHandlers } from './ticket-verbs.ts';
import { ticketHandlers } from './tickets.ts';
import { transcriptHandlers } from './transcripts.ts';
import { uploadHandlers } from './uploads.ts';

const handlers: Handlers = {
  ...ticketHandlers,
  ...ticketVerbHandlers,
  ...catalogueHandlers,
  ...messageHandlers,
  ...commentHandlers,
  ...noteHandlers,
  ...uploadHandlers,
  downloadFile: serveFile,
  ...customerHandlers,
  ...packageHandlers,
  ...cannedReplyHandlers,
  ...agentHandlers,
  ...availabilityHandlers,
  ...digestHandlers,
  ...blockHandlers,
  ...reportHandlers,
  ...transcriptHandlers,
  ...erasureHandlers,
  ...probeHandlers,
};

/** A row of the contract's table with what answers it. */
export type Route =
  | { row: EndpointRow; endpoint: Endpoint }
  | { row: EndpointRow; answer: OpenHandler };

function routeOf(name: EndpointName): Route {
  const row = endpoints[name];
  if (row.auth !== 'token') return { row, answer: handlers[name] as OpenHandler };
  const handler = handlers[name] as unknown as Handler<TokenEndpointName>;
  return { row, endpoint: bindEndpoint(name as TokenEndpointName, handler) };
}

/** Every row, in the order of the table. */
export const routes: readonly Route[] = (Object.keys(endpoints) as EndpointName[]).map(routeOf);
