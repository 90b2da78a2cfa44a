import {
  type EndpointName,
  type EndpointRow,
  endpoints,
  type TokenEndpointName,
} from '../contract/endpoints.ts';
import {
  bindEndpoint,
  type Endpoint,
  type Handler,
  type Handlers,
  type OpenHandler,
} from './endpoint.ts';
import { fileHandlers } from './files.ts';
import { messageHandlers } from './messages.ts';
import { probeHandlers } from './probes.ts';
import { ticketHandlers } from './tickets.ts';

const handlers: Handlers = {
  ...ticketHandlers,
  ...messageHandlers,
  ...fileHandlers,
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

/** Kept apart because the server takes its requests past Express (ADR 0003). */
export const sendMessageEndpoint = bindEndpoint('sendMessage', handlers.sendMessage);
export const sendMessagePath = new RegExp(
  `^${endpoints.sendMessage.path.replace(/:\w+/g, '([^/]+)')}$`,
);
