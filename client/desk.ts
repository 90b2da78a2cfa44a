import type { AgentView, ChangeAgentBody, LinkCodeView } from '../src/contract/agents.ts';
import type { AvailabilityView } from '../src/contract/availability.ts';
import type { BlockView } from '../src/contract/blocks.ts';
import type { Calendar } from '../src/contract/calendar.ts';
import type {
  CannedReplyBody,
  CannedReplyView,
  ChangeCannedReplyBody,
} from '../src/contract/canned-replies.ts';
import type {
  AssignedPackageView,
  AssignPackageBody,
  ChangeCustomerBody,
  CustomerBody,
  CustomerView,
} from '../src/contract/customers.ts';
import type { ChangePackageBody, PackageBody, PackageView } from '../src/contract/packages.ts';
import type {
  AgentsReportView,
  DashboardView,
  SlaReportView,
  TicketsReportView,
  TrendsView,
} from '../src/contract/reports.ts';
import type { TicketView } from '../src/contract/tickets.ts';
import { systemClock } from './clock.ts';
import type { DeskClientOptions } from './options.ts';
import { Rest } from './rest.ts';
import { Tokens } from './tokens.ts';

export type DeskOptions = Pick<
  DeskClientOptions,
  'url' | 'getToken' | 'timeout' | 'fetch' | 'clock'
> & {
  /** Told when a fresh token is refused as well: the person has to sign in. */
  onAuthRequired?: () => void;
};

/** One page of a list. */
export interface Page<T> {
  rows: T[];
  /** On all pages together. */
  total: number;
}

/** Which page: 20 rows, and the first, unless it says otherwise. */
export interface PageOptions {
  page?: number;
  limit?: number;
}

/** A time as the server takes it: milliseconds since 1970, or ISO 8601. */
type When = number | string;

class DeskCalls {
  readonly #rest: Rest;

  constructor(rest: Rest) {
    this.#rest = rest;
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const options = body === undefined ? {} : { body };
    return (await this.#rest.call<T>(method, path, options)).body;
  }

  async page<T>(path: string, query: object): Promise<Page<T>> {
    const options = { query: query as Record<string, string | number | undefined> };
    const { body, headers } = await this.#rest.call<T[]>('GET', path, options);
    return { rows: body, total: Number(headers.get('x-total-count') ?? body.length) };
  }

  async get<T>(path: string, query: object): Promise<T> {
    const options = { query: query as Record<string, string | number | undefined> };
    return (await this.#rest.call<T>('GET', path, options)).body;
  }

  list<T>(path: string, query: object): Promise<T[]> {
    return this.get<T[]>(path, query);
  }
}

function customersOf(calls: DeskCalls) {
  const at = (id: string) => `/customers/${id}`;
  return {
    list: (query: PageOptions & { search?: string } = {}) =>
      calls.page<CustomerView>('/customers', query),
    create: (body: CustomerBody) => calls.call<CustomerView>('POST', '/customers', body),
    get: (id: string) => calls.call<CustomerView>('GET', at(id)),
    replace: (id: string, body: CustomerBody) => calls.call<CustomerView>('PUT', at(id), body),
    change: (id: string, body: ChangeCustomerBody) =>
      calls.call<CustomerView>('PATCH', at(id), body),
    remove: (id: string) => calls.call<void>('DELETE', at(id)),
    packages: (id: string) => calls.call<AssignedPackageView[]>('GET', `${at(id)}/packages`),
    assignPackage: (id: string, body: AssignPackageBody) =>
      calls.call<AssignedPackageView>('POST', `${at(id)}/packages`, body),
    removePackage: (id: string, assignmentId: string) =>
      calls.call<void>('DELETE', `${at(id)}/packages/${assignmentId}`),
  };
}

function packagesOf(calls: DeskCalls) {
  const at = (id: string) => `/packages/${id}`;
  return {
    list: (query: PageOptions & { archived?: 'true' | 'false' } = {}) =>
      calls.page<PackageView>('/packages', query),
    create: (body: PackageBody) => calls.call<PackageView>('POST', '/packages', body),
    get: (id: string) => calls.call<PackageView>('GET', at(id)),
    replace: (id: string, body: PackageBody) => calls.call<PackageView>('PUT', at(id), body),
    change: (id: string, body: ChangePackageBody) => calls.call<PackageView>('PATCH', at(id), body),
    remove: (id: string) => calls.call<void>('DELETE', at(id)),
  };
}

function cannedRepliesOf(calls: DeskCalls) {
  const at = (id: string) => `/canned-replies/${id}`;
  return {
    /** @param query `q` is the beginning of the name */
    list: (query: PageOptions & { q?: string } = {}) =>
      calls.page<CannedReplyView>('/canned-replies', query),
    create: (body: CannedReplyBody) => calls.call<CannedReplyView>('POST', '/canned-replies', body),
    /** @param ticketId of the ticket for which it comes `filled` in, too */
    get: (id: string, ticketId?: string) =>
      calls.call<CannedReplyView>('GET', ticketId ? `${at(id)}?ticket_id=${ticketId}` : at(id)),
    change: (id: string, body: ChangeCannedReplyBody) =>
      calls.call<CannedReplyView>('PATCH', at(id), body),
    remove: (id: string) => calls.call<void>('DELETE', at(id)),
  };
}

function agentsOf(calls: DeskCalls) {
  return {
    list: (query: PageOptions = {}) => calls.page<AgentView>('/agents', query),
    /** Changes what one says of oneself. */
    change: (body: ChangeAgentBody) => calls.call<AgentView>('PATCH', '/agents/me', body),
    /** @param id `me` for oneself */
    tickets: (
      id: string,
      query: { status?: 'open' | 'all'; limit?: number; before?: string } = {},
    ) => calls.list<TicketView>(`/agents/${encodeURIComponent(id)}/tickets`, query),
    /** A code for `/link` in Discord. */
    createLinkCode: () => calls.call<LinkCodeView>('POST', '/agents/me/link'),
    removeLink: () => calls.call<void>('DELETE', '/agents/me/link'),
  };
}

function blocksOf(calls: DeskCalls) {
  return {
    list: (query: PageOptions = {}) => calls.page<BlockView>('/blocks', query),
    create: (body: {
      user_id: string | number;
      partner?: string | null;
      reason: string;
      expires_at?: When | null;
    }) => calls.call<BlockView>('POST', '/blocks', body),
    remove: (id: string) => calls.call<void>('DELETE', `/blocks/${id}`),
  };
}

function availabilityOf(calls: DeskCalls) {
  const path = '/settings/calendar';
  return {
    get: () => calls.call<AvailabilityView>('GET', '/availability'),
    /** Null where none is set: always open. */
    getCalendar: () => calls.call<Calendar | null>('GET', path),
    setCalendar: (calendar: Calendar) => calls.call<Calendar>('PUT', path, calendar),
    removeCalendar: () => calls.call<void>('DELETE', path),
  };
}

/** Closing a ticket later, or asking its customer whether it may be. */
function closingOf(calls: DeskCalls) {
  const at = (ticketId: string) => `/tickets/${ticketId}`;
  return {
    schedule: (
      ticketId: string,
      body: { in_ms?: number; at?: When; reason?: string | null; silent?: boolean },
    ) => calls.call<TicketView>('POST', `${at(ticketId)}/closing`, body),
    /** Undoes a closing that is not due yet. */
    cancel: (ticketId: string) => calls.call<TicketView>('DELETE', `${at(ticketId)}/closing`),
    request: (ticketId: string, comment?: string) =>
      calls.call<TicketView>('POST', `${at(ticketId)}/close-request`, { comment }),
  };
}

function reportsOf(calls: DeskCalls) {
  /** Days as YYYY-MM-DD, both included; by default the last thirty. */
  type Span = { from?: string; to?: string };
  const get = <T>(path: string, query: object = {}) => calls.get<T>(path, query);
  return {
    dashboard: () => get<DashboardView>('/statistics/dashboard'),
    trends: (days?: number) => get<TrendsView>('/statistics/trends', { days }),
    tickets: (span?: Span) => get<TicketsReportView>('/admin/reports/tickets', span),
    agents: (span?: Span) => get<AgentsReportView>('/admin/reports/agents', span),
    sla: (span?: Span) => get<SlaReportView>('/admin/reports/sla', span),
  };
}

/**
 * The help desk for those who work in it: typed calls over REST, each once, errors as `DeskError`. Apart from
 * the chat's client, so that a page with a chat does not carry it.
 */
export function createDesk(options: DeskOptions) {
  const { timeout = 10_000, clock = systemClock, onAuthRequired = () => undefined } = options;
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  const tokens = new Tokens(options.getToken, clock);
  const url = options.url.replace(/\/+$/, '');
  const calls = new DeskCalls(new Rest({ url, tokens, fetch, timeout, onAuthRequired }));
  return {
    customers: customersOf(calls),
    packages: packagesOf(calls),
    cannedReplies: cannedRepliesOf(calls),
    agents: agentsOf(calls),
    blocks: blocksOf(calls),
    availability: availabilityOf(calls),
    closing: closingOf(calls),
    reports: reportsOf(calls),
  };
}

export type Desk = ReturnType<typeof createDesk>;
