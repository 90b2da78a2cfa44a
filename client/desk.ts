import { systemClock } from './clock.ts';
import type { DeskClientOptions } from './options.ts';
import { Rest } from './rest.ts';
import { createStaffTicketVerbs } from './staff-ticket-verbs.ts';
import { Tokens } from './tokens.ts';
import { type AnswerOf, createVerbs } from './verbs.ts';

export type { Page } from './verbs.ts';

export type DeskOptions = Pick<
  DeskClientOptions,
  'url' | 'getToken' | 'timeout' | 'fetch' | 'clock'
> & {
  /** Told when a fresh token is refused as well: the person has to sign in. */
  onAuthRequired?: () => void;
};

type Verbs = ReturnType<typeof createVerbs>;

function customersOf({ verb, page }: Verbs) {
  return {
    list: page('listCustomers', 'GET /customers'),
    create: verb('createCustomer', 'POST /customers'),
    get: verb('getCustomer', 'GET /customers/:customerId'),
    replace: verb('replaceCustomer', 'PUT /customers/:customerId'),
    change: verb('changeCustomer', 'PATCH /customers/:customerId'),
    remove: verb('deleteCustomer', 'DELETE /customers/:customerId'),
    packages: verb('listCustomerPackages', 'GET /customers/:customerId/packages'),
    assignPackage: verb('assignPackage', 'POST /customers/:customerId/packages'),
    removePackage: verb(
      'removeCustomerPackage',
      'DELETE /customers/:customerId/packages/:assignmentId',
    ),
  };
}

function packagesOf({ verb, page }: Verbs) {
  return {
    list: page('listPackages', 'GET /packages'),
    create: verb('createPackage', 'POST /packages'),
    get: verb('getPackage', 'GET /packages/:packageId'),
    replace: verb('replacePackage', 'PUT /packages/:packageId'),
    change: verb('changePackage', 'PATCH /packages/:packageId'),
    remove: verb('deletePackage', 'DELETE /packages/:packageId'),
  };
}

function cannedRepliesOf({ verb, page }: Verbs) {
  const get = verb('getCannedReply', 'GET /canned-replies/:replyId');
  return {
    /** `q` is the beginning of the name. */
    list: page('listCannedReplies', 'GET /canned-replies'),
    create: verb('createCannedReply', 'POST /canned-replies'),
    /** @param ticketId of the ticket for which it comes `filled` in, too */
    get: (id: string, ticketId?: string): Promise<AnswerOf<'getCannedReply'>> =>
      get(id, ticketId ? { ticket_id: ticketId } : {}),
    change: verb('changeCannedReply', 'PATCH /canned-replies/:replyId'),
    remove: verb('deleteCannedReply', 'DELETE /canned-replies/:replyId'),
  };
}

function agentsOf({ verb, page }: Verbs) {
  return {
    list: page('listAgents', 'GET /agents'),
    /** Changes what one says of oneself. */
    change: verb('changeAgent', 'PATCH /agents/me'),
    /** Of an id, or of `me`. */
    tickets: verb('listAgentTickets', 'GET /agents/:agentId/tickets'),
    /** A code for `/link` in Discord. */
    createLinkCode: verb('createLinkCode', 'POST /agents/me/link'),
    removeLink: verb('removeLink', 'DELETE /agents/me/link'),
  };
}

function blocksOf({ verb, page }: Verbs) {
  return {
    list: page('listBlocks', 'GET /blocks'),
    create: verb('createBlock', 'POST /blocks'),
    remove: verb('deleteBlock', 'DELETE /blocks/:blockId'),
  };
}

function catalogueOf({ verb }: Verbs) {
  return {
    categories: {
      list: verb('getCategories', 'GET /categories'),
      create: verb('createCategory', 'POST /categories'),
      change: verb('changeCategory', 'PATCH /categories/:categoryId'),
      remove: verb('deleteCategory', 'DELETE /categories/:categoryId'),
    },
    priorities: {
      list: verb('getPriorities', 'GET /priorities'),
      create: verb('createPriority', 'POST /priorities'),
      change: verb('changePriority', 'PATCH /priorities/:priorityId'),
      remove: verb('deletePriority', 'DELETE /priorities/:priorityId'),
    },
  };
}

function availabilityOf({ verb }: Verbs) {
  return {
    get: verb('availability', 'GET /availability'),
    /** Null where none is set: always open. */
    getCalendar: verb('getCalendar', 'GET /settings/calendar'),
    setCalendar: verb('setCalendar', 'PUT /settings/calendar'),
    removeCalendar: verb('removeCalendar', 'DELETE /settings/calendar'),
    /** When the week's numbers are posted in Discord. */
    getDigest: verb('getDigest', 'GET /settings/digest'),
    setDigest: verb('setDigest', 'PUT /settings/digest'),
    removeDigest: verb('removeDigest', 'DELETE /settings/digest'),
  };
}

function reportsOf({ verb }: Verbs) {
  const trends = verb('getTrends', 'GET /statistics/trends');
  return {
    dashboard: verb('getDashboard', 'GET /statistics/dashboard'),
    trends: (days?: number): Promise<AnswerOf<'getTrends'>> =>
      trends(days === undefined ? {} : { days }),
    /** Days as YYYY-MM-DD, both included; by default the last thirty. */
    tickets: verb('reportTickets', 'GET /admin/reports/tickets'),
    agents: verb('reportAgents', 'GET /admin/reports/agents'),
    sla: verb('reportSla', 'GET /admin/reports/sla'),
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
  const verbs = createVerbs(new Rest({ url, tokens, fetch, timeout, onAuthRequired }));
  return {
    tickets: createStaffTicketVerbs(verbs),
    ...catalogueOf(verbs),
    customers: customersOf(verbs),
    packages: packagesOf(verbs),
    cannedReplies: cannedRepliesOf(verbs),
    agents: agentsOf(verbs),
    blocks: blocksOf(verbs),
    availability: availabilityOf(verbs),
    reports: reportsOf(verbs),
  };
}

export type Desk = ReturnType<typeof createDesk>;
