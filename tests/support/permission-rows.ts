import type { endpoints } from '../../src/contract/endpoints.ts';
import type { ClientEventName } from '../../src/contract/events.ts';
import type { Person } from './people.ts';

export const MISSING = 'ffffffffffffffffffffffff';
export const MALFORMED = 'not-an-id';

export type EndpointName = keyof typeof endpoints;

/** A ticket, and what is written in it: of the one who calls, and of somebody else of the staff. */
export interface TicketTarget {
  ticketId: string;
  mine: string;
  theirs: string;
  myNote: string;
  theirNote: string;
}

/** Who calls, and an ADMIN who is known. */
interface Callers {
  caller: Person;
  admin: Person;
}

type Body = object | ((callers: Callers) => object | FormData);

/** What is asked of a ticket: own, somebody else's, missing and malformed, a status each. */
export interface TicketRow {
  /** The endpoint, and after a colon what is particular about the request. */
  name: EndpointName | `${EndpointName}: ${string}`;
  body?: Body;
  query?: string;
  /** What stands in the path besides the ticket; messages and notes are written only where it is set. */
  params?(target: TicketTarget): Record<string, string>;
  customer: string;
  agent: string;
  admin: string;
}

/** What is asked of anything else: a status each for no token, customers, AGENT and ADMIN. */
export interface OtherRow {
  name: EndpointName | `${EndpointName}: ${string}`;
  body?: Body;
  query?: string;
  /** Makes what the path names, anew for each who calls. */
  make?(admin: Person): Promise<Record<string, string>>;
  statuses: string;
  /** The same for what is not there; set where the path names something. */
  missing?: string;
}

const everybody = {
  customer: '200 404 404 404',
  agent: '200 200 404 404',
  admin: '200 200 404 404',
};
const created = { customer: '201 404 404 404', agent: '201 201 404 404', admin: '201 201 404 404' };
const staffOnly = {
  customer: '403 404 404 404',
  agent: '200 200 404 404',
  admin: '200 200 404 404',
};
const staffCreate = {
  customer: '403 404 404 404',
  agent: '201 201 404 404',
  admin: '201 201 404 404',
};
const nobody = { customer: '404 404 404 404', agent: '404 404 404 404', admin: '404 404 404 404' };
/** Who may is told that the ticket is not in the state for it. */
const conflicts = (who: 'all' | 'staff' | 'owner') => ({
  customer: who === 'staff' ? '403 404 404 404' : '409 404 404 404',
  agent: who === 'owner' ? '409 403 404 404' : '409 409 404 404',
  admin: who === 'owner' ? '409 403 404 404' : '409 409 404 404',
});

const smallFile = (): FormData => {
  const form = new FormData();
  form.set('file', new Blob(['hello']), 'a.txt');
  return form;
};

const ownMessage = ({ mine }: TicketTarget) => ({ messageId: mine });
const theirMessage = ({ theirs }: TicketTarget) => ({ messageId: theirs });
const ownNote = ({ myNote }: TicketTarget) => ({ noteId: myNote });
const theirNote = ({ theirNote }: TicketTarget) => ({ noteId: theirNote });
const reactionTo =
  (of: (target: TicketTarget) => Record<string, string>) => (target: TicketTarget) => ({
    ...of(target),
    emoji: '👍',
  });
const changed = { content: 'changed' };
const IN_AN_HOUR = 3_600_000;

/** Every endpoint with a ticket in its path. An open ticket, that its owner has just opened. */
export const ticketRows: readonly TicketRow[] = [
  { name: 'getTicket', ...everybody },
  { name: 'listHistory', ...everybody },
  { name: 'getTranscript', ...everybody },
  { name: 'getTranscript: without notes', query: '?version=customer', ...everybody },
  { name: 'getTranscript: with notes', query: '?version=staff', ...staffOnly },
  {
    name: 'deleteTicket',
    customer: '403 404 404 404',
    agent: '403 403 404 404',
    admin: '204 204 404 404',
  },
  { name: 'updateTicket: its topic', body: { topic: 'Another topic' }, ...everybody },
  { name: 'updateTicket: its level', body: { issue_level: 'URGENT' }, ...staffOnly },
  {
    name: 'updateTicket: its support role',
    body: { support_role: 'TECHNICAL', topic: 'Another topic' },
    ...staffOnly,
  },
  { name: 'updateTicket: tags', body: { tags: ['x'] }, ...staffOnly },
  {
    name: 'updateTicket: to oneself',
    body: ({ caller }: Callers) => ({ assigned_to: caller.id }),
    ...staffOnly,
  },
  {
    name: 'updateTicket: to somebody else',
    body: ({ admin }: Callers) => ({ assigned_to: admin.id }),
    customer: '403 404 404 404',
    agent: '403 403 404 404',
    admin: '200 200 404 404',
  },
  { name: 'replaceTicket', body: { topic: 'Another topic' }, ...everybody },
  { name: 'closeTicket', ...everybody },
  { name: 'setStatus', body: { status: 'IN_PROGRESS' }, ...staffOnly },
  { name: 'setStatus: a move that is none', body: { status: 'REOPENED' }, ...conflicts('staff') },
  { name: 'updateStatus', body: { status: 'RESOLVED' }, ...conflicts('staff') },
  { name: 'setPriority', body: { priority: 'HIGH' }, ...staffOnly },
  {
    name: 'assignTicket: to oneself',
    body: ({ caller }: Callers) => ({ assigned_to: caller.id }),
    ...staffOnly,
  },
  {
    name: 'assignTicket: to somebody else',
    body: ({ admin }: Callers) => ({ assigned_to: admin.id }),
    customer: '403 404 404 404',
    agent: '403 403 404 404',
    admin: '200 200 404 404',
  },
  { name: 'claimTicket', ...staffOnly },
  { name: 'unclaimTicket', ...staffOnly },
  {
    name: 'approveTicket',
    body: {},
    customer: '403 404 404 404',
    agent: '403 403 404 404',
    admin: '409 409 404 404',
  },
  {
    name: 'rejectTicket',
    body: { rejection_reason: 'no' },
    customer: '403 404 404 404',
    agent: '403 403 404 404',
    admin: '409 409 404 404',
  },
  {
    name: 'withdrawTicket',
    body: {},
    customer: '200 404 404 404',
    agent: '200 403 404 404',
    admin: '200 200 404 404',
  },
  { name: 'reopenTicket', body: {}, ...conflicts('all') },
  { name: 'rateTicket', body: { score: 5 }, ...conflicts('owner') },
  { name: 'snoozeTicket', body: () => ({ until: Date.now() + IN_AN_HOUR }), ...staffOnly },
  { name: 'scheduleClosing', body: { in_ms: IN_AN_HOUR }, ...everybody },
  {
    name: 'scheduleClosing: silently',
    body: { in_ms: IN_AN_HOUR, silent: true },
    ...staffOnly,
  },
  { name: 'cancelClosing', ...everybody },
  { name: 'requestClosing', body: {}, ...staffOnly },
  { name: 'answerClosing', body: { close: true }, ...conflicts('owner') },
  { name: 'acknowledgeEscalation', ...staffOnly },
  { name: 'sendMessage', body: { content: 'hello' }, ...created },
  { name: 'listMessages', ...everybody },
  { name: 'listMessages: changes', query: '?after=0', ...everybody },
  { name: 'editMessage: an own one', params: ownMessage, body: changed, ...everybody },
  {
    name: "editMessage: somebody else's",
    params: theirMessage,
    body: changed,
    customer: '403 404 404 404',
    agent: '403 403 404 404',
    admin: '403 403 404 404',
  },
  {
    name: 'editMessage: one that is not there',
    params: () => ({ messageId: MISSING }),
    body: changed,
    ...nobody,
  },
  { name: 'deleteMessage: an own one', params: ownMessage, ...everybody },
  { name: "deleteMessage: somebody else's", params: theirMessage, ...staffOnly },
  { name: 'addReaction: to an own one', params: reactionTo(ownMessage), ...everybody },
  { name: "addReaction: to somebody else's", params: reactionTo(theirMessage), ...everybody },
  {
    name: 'addReaction: to a note as if it were a message',
    params: reactionTo(({ theirNote }) => ({ messageId: theirNote })),
    ...nobody,
  },
  { name: 'removeReaction', params: reactionTo(theirMessage), ...everybody },
  {
    name: 'deleteMessage: of a malformed id',
    params: () => ({ messageId: MALFORMED }),
    ...nobody,
  },
  {
    name: 'deleteMessage: a note as if it were one',
    params: ({ theirNote }) => ({ messageId: theirNote }),
    ...nobody,
  },
  { name: 'listComments', ...everybody },
  { name: 'addComment', body: { content: 'hello' }, ...created },
  { name: 'addComment: internal', body: { content: 'hm', internal: true }, ...staffCreate },
  { name: 'sendNote', body: { content: 'hm' }, ...staffCreate },
  {
    name: 'sendNote: with a file and an answer that are not there',
    body: { content: 'hm', attachments: [MISSING], reply_to: MISSING },
    customer: '403 404 404 404',
    agent: '400 400 404 404',
    admin: '400 400 404 404',
  },
  { name: 'listNotes', ...staffOnly },
  { name: 'editNote: an own one', params: ownNote, body: changed, ...staffOnly },
  {
    name: "editNote: somebody else's",
    params: theirNote,
    body: changed,
    customer: '403 404 404 404',
    agent: '403 403 404 404',
    admin: '403 403 404 404',
  },
  {
    name: 'editNote: one that is not there',
    params: () => ({ noteId: MISSING }),
    body: changed,
    customer: '403 404 404 404',
    agent: '404 404 404 404',
    admin: '404 404 404 404',
  },
  {
    name: 'editNote: a message as if it were one',
    params: ({ mine }) => ({ noteId: mine }),
    body: changed,
    customer: '403 404 404 404',
    agent: '404 404 404 404',
    admin: '404 404 404 404',
  },
  { name: "deleteNote: somebody else's", params: theirNote, ...staffOnly },
  { name: 'addNoteReaction', params: reactionTo(theirNote), ...staffOnly },
  { name: 'removeNoteReaction', params: reactionTo(theirNote), ...staffOnly },
  { name: 'uploadFile', body: smallFile, ...created },
];

let names = 0;
/** A name nobody has. */
const fresh = (what: string) => `${what} ${++names}`;
const madeAt =
  (path: string, param: string, body: () => object) =>
  async (admin: Person): Promise<Record<string, string>> => {
    const made = await admin.call<{ id: string }>('POST', path, body());
    if (!made.body.id) throw new Error(`POST ${path} answered ${made.status}`);
    return { [param]: made.body.id };
  };

const category = () => ({ name: fresh('CATEGORY').replace(' ', '_') });
const priority = () => ({
  name: fresh('PRIORITY').replace(' ', '_'),
  rank: 500 + names,
  issue_level: 'NORMAL',
  first_response_ms: IN_AN_HOUR,
  resolution_ms: IN_AN_HOUR,
});
const customer = () => ({ first_name: 'Ana', last_name: fresh('Lee') });
const parcel = () => ({ name: fresh('Package'), price: 1 });
const cannedReply = () => ({ name: fresh('reply').replace(' ', '-'), text: 'Hello' });
const block = () => ({ user_id: fresh('user'), reason: 'spam' });
const makeCategory = madeAt('/categories', 'categoryId', category);
const makePriority = madeAt('/priorities', 'priorityId', priority);
const makeCustomer = madeAt('/customers', 'customerId', customer);
const makePackage = madeAt('/packages', 'packageId', parcel);
const makeCannedReply = madeAt('/canned-replies', 'replyId', cannedReply);
const calendar = {
  timezone: 'UTC',
  weekly: { mon: [['09:00', '17:00']], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] },
  holidays: [],
};

async function makeAssignment(admin: Person): Promise<Record<string, string>> {
  const ids = { ...(await makeCustomer(admin)), ...(await makePackage(admin)) };
  const path = `/customers/${ids.customerId}/packages`;
  const assignmentId = (await madeAt(path, 'id', () => ({ package_id: ids.packageId }))(admin)).id;
  return { ...ids, assignmentId: assignmentId as string };
}

/** Every other endpoint with a token: no token, customers, AGENT, ADMIN. */
export const otherRows: readonly OtherRow[] = [
  { name: 'eraseCustomer', body: { user_id: 'nobody-known' }, statuses: '401 403 403 202' },
  { name: 'listErasures', statuses: '401 403 403 200' },
  {
    name: 'getErasure',
    async make(admin) {
      const { id } = await admin.createTicket();
      await admin.call('DELETE', `/tickets/${id}`);
      return { erasureId: id };
    },
    statuses: '401 403 403 200',
    missing: '401 403 403 404',
  },
  { name: 'exportData', statuses: '401 200 200 200' },
  { name: 'exportData: of a customer', query: '?user_id=x', statuses: '401 403 403 200' },
  { name: 'createTicket', body: { topic: 't', description: 'd' }, statuses: '401 201 201 201' },
  {
    name: 'createTicket: of a level',
    body: { topic: 't', description: 'd', issue_level: 'URGENT' },
    statuses: '401 403 201 201',
  },
  {
    name: 'createTicket: for a support role',
    body: { topic: 't', description: 'd', support_role: 'ADMIN' },
    statuses: '401 403 201 201',
  },
  { name: 'listTickets', statuses: '401 200 200 200' },
  { name: 'listNewTickets', statuses: '401 200 200 200' },
  { name: 'listOpenTickets', statuses: '401 200 200 200' },
  { name: 'listMyTickets', statuses: '401 200 200 200' },
  { name: 'getCategories', statuses: '401 200 200 200' },
  { name: 'createCategory', body: category, statuses: '401 403 403 201' },
  {
    name: 'changeCategory',
    body: category,
    make: makeCategory,
    statuses: '401 403 403 200',
    missing: '401 403 403 404',
  },
  {
    name: 'deleteCategory',
    make: makeCategory,
    statuses: '401 403 403 204',
    missing: '401 403 403 404',
  },
  { name: 'getPriorities', statuses: '401 200 200 200' },
  { name: 'createPriority', body: priority, statuses: '401 403 403 201' },
  {
    name: 'changePriority',
    body: { rank: 7 },
    make: makePriority,
    statuses: '401 403 403 200',
    missing: '401 403 403 404',
  },
  {
    name: 'deletePriority',
    make: makePriority,
    statuses: '401 403 403 204',
    missing: '401 403 403 404',
  },
  { name: 'uploadAttachment', body: smallFile, statuses: '401 201 201 201' },
  {
    name: 'findAttachment',
    make: async (admin) => {
      const ticket = await admin.createTicket();
      const headers = { authorization: `Bearer ${admin.token}` };
      const url = `${admin.url}/api/v1/tickets/${ticket.id}/attachments`;
      const answer = await fetch(url, { method: 'POST', headers, body: smallFile() });
      const { id } = (await answer.json()) as { id: string };
      await admin.send(ticket.id, '', { attachments: [id] });
      return { attachmentId: id };
    },
    statuses: '401 404 302 302',
    missing: '401 404 404 404',
  },
  { name: 'listCustomers', statuses: '401 403 200 200' },
  { name: 'createCustomer', body: customer, statuses: '401 403 201 201' },
  {
    name: 'getCustomer',
    make: makeCustomer,
    statuses: '401 403 200 200',
    missing: '401 403 404 404',
  },
  {
    name: 'replaceCustomer',
    body: customer,
    make: makeCustomer,
    statuses: '401 403 200 200',
    missing: '401 403 404 404',
  },
  {
    name: 'changeCustomer',
    body: { last_name: 'Kim' },
    make: makeCustomer,
    statuses: '401 403 200 200',
    missing: '401 403 404 404',
  },
  {
    name: 'deleteCustomer',
    make: makeCustomer,
    statuses: '401 403 403 204',
    missing: '401 403 403 404',
  },
  {
    name: 'listCustomerPackages',
    make: makeCustomer,
    statuses: '401 403 200 200',
    missing: '401 403 404 404',
  },
  {
    name: 'assignPackage: one that is not there',
    body: { package_id: MISSING },
    make: makeCustomer,
    statuses: '401 403 400 400',
    missing: '401 403 404 404',
  },
  {
    name: 'removeCustomerPackage',
    make: makeAssignment,
    statuses: '401 403 204 204',
    missing: '401 403 404 404',
  },
  { name: 'listPackages', statuses: '401 200 200 200' },
  { name: 'createPackage', body: parcel, statuses: '401 403 403 201' },
  {
    name: 'getPackage',
    make: makePackage,
    statuses: '401 200 200 200',
    missing: '401 404 404 404',
  },
  {
    name: 'replacePackage',
    body: parcel,
    make: makePackage,
    statuses: '401 403 403 200',
    missing: '401 403 403 404',
  },
  {
    name: 'changePackage',
    body: parcel,
    make: makePackage,
    statuses: '401 403 403 200',
    missing: '401 403 403 404',
  },
  {
    name: 'deletePackage',
    make: makePackage,
    statuses: '401 403 403 204',
    missing: '401 403 403 404',
  },
  { name: 'listCannedReplies', statuses: '401 403 200 200' },
  { name: 'createCannedReply', body: cannedReply, statuses: '401 403 201 201' },
  {
    name: 'getCannedReply',
    make: makeCannedReply,
    statuses: '401 403 200 200',
    missing: '401 403 404 404',
  },
  {
    name: 'changeCannedReply',
    body: { text: 'Good day' },
    make: makeCannedReply,
    statuses: '401 403 200 200',
    missing: '401 403 404 404',
  },
  {
    name: 'deleteCannedReply',
    make: makeCannedReply,
    statuses: '401 403 403 204',
    missing: '401 403 403 404',
  },
  { name: 'listAgents', statuses: '401 403 200 200' },
  { name: 'listUserAgents', statuses: '401 403 200 200' },
  { name: 'changeAgent', body: { away: true }, statuses: '401 403 200 200' },
  { name: 'createLinkCode', statuses: '401 403 201 201' },
  { name: 'removeLink: without one', statuses: '401 403 404 404' },
  {
    name: 'listAgentTickets',
    make: async (admin) => ({ agentId: admin.id }),
    statuses: '401 403 200 200',
    missing: '401 403 404 404',
  },
  { name: 'availability', statuses: '200 200 200 200' },
  { name: 'getCalendar', statuses: '401 403 403 200' },
  { name: 'setCalendar', body: calendar, statuses: '401 403 403 200' },
  { name: 'removeCalendar', statuses: '401 403 403 204' },
  { name: 'getDigest', statuses: '401 403 403 200' },
  { name: 'setDigest', body: () => ({ at: 'fri 16:00' }), statuses: '401 403 403 200' },
  { name: 'removeDigest', statuses: '401 403 403 204' },
  { name: 'listBlocks', statuses: '401 403 200 200' },
  { name: 'createBlock', body: block, statuses: '401 403 201 201' },
  {
    name: 'deleteBlock',
    make: madeAt('/blocks', 'blockId', block),
    statuses: '401 403 204 204',
    missing: '401 403 404 404',
  },
  { name: 'getDashboard', statuses: '401 403 200 200' },
  { name: 'getAdminDashboard', statuses: '401 403 200 200' },
  { name: 'getTrends', statuses: '401 403 200 200' },
  { name: 'reportTickets', statuses: '401 403 200 200' },
  { name: 'reportAgents', statuses: '401 403 200 200' },
  { name: 'reportSla', statuses: '401 403 200 200' },
];

/** What is asked over a socket: as in a `TicketRow`, without the malformed, which is a 400 there. */
export interface SocketRow {
  name: string;
  event: ClientEventName;
  /** What goes with the event besides the ticket. */
  input?(target: TicketTarget): object;
  /** `ok`, or the code of the refusal. */
  customer: string;
  agent: string;
  admin: string;
}

const okToAll = {
  customer: 'ok NOT_FOUND NOT_FOUND',
  agent: 'ok ok NOT_FOUND',
  admin: 'ok ok NOT_FOUND',
};
const okToStaff = {
  customer: 'FORBIDDEN NOT_FOUND NOT_FOUND',
  agent: 'ok ok NOT_FOUND',
  admin: 'ok ok NOT_FOUND',
};
const okToAuthor = {
  customer: 'FORBIDDEN NOT_FOUND NOT_FOUND',
  agent: 'FORBIDDEN FORBIDDEN NOT_FOUND',
  admin: 'FORBIDDEN FORBIDDEN NOT_FOUND',
};

/** Every event with a ticket in it. */
export const socketRows: readonly SocketRow[] = [
  { name: 'send_message', event: 'send_message', input: () => ({ content: 'x' }), ...okToAll },
  {
    name: 'edit: an own one',
    event: 'edit',
    input: ({ mine }) => ({ message_id: mine, content: 'changed' }),
    ...okToAll,
  },
  {
    name: "edit: somebody else's",
    event: 'edit',
    input: ({ theirs }) => ({ message_id: theirs, content: 'changed' }),
    ...okToAuthor,
  },
  {
    name: "delete: somebody else's",
    event: 'delete',
    input: ({ theirs }) => ({ message_id: theirs }),
    ...okToStaff,
  },
  { name: 'close_ticket', event: 'close_ticket', ...okToAll },
  { name: 'send_note', event: 'send_note', input: () => ({ content: 'x' }), ...okToStaff },
  {
    name: 'edit_note: an own one',
    event: 'edit_note',
    input: ({ myNote }) => ({ note_id: myNote, content: 'changed' }),
    ...okToStaff,
  },
  {
    name: "edit_note: somebody else's",
    event: 'edit_note',
    input: ({ theirNote }) => ({ note_id: theirNote, content: 'changed' }),
    ...okToAuthor,
  },
  {
    name: "delete_note: somebody else's",
    event: 'delete_note',
    input: ({ theirNote }) => ({ note_id: theirNote }),
    ...okToStaff,
  },
  { name: 'sync', event: 'sync', input: () => ({ after: 0 }), ...okToAll },
  {
    name: 'sync: the internal stream',
    event: 'sync',
    input: () => ({ after: 0, stream: 'internal' }),
    ...okToStaff,
  },
  { name: 'typing', event: 'typing', ...okToAll },
  { name: 'read', event: 'read', input: () => ({ seq: 1 }), ...okToAll },
  // Not looked at for who may not: customers hear of their tickets without it.
  {
    name: 'subscribe',
    event: 'subscribe',
    ...okToStaff,
    customer: 'FORBIDDEN FORBIDDEN FORBIDDEN',
  },
  {
    name: 'unsubscribe',
    event: 'unsubscribe',
    customer: 'FORBIDDEN FORBIDDEN FORBIDDEN',
    agent: 'ok ok ok',
    admin: 'ok ok ok',
  },
];
