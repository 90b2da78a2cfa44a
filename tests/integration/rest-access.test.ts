import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ErrorBody } from '../../src/contract/errors.ts';
import type { UserRole } from '../../src/contract/identity.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson, type Person } from '../support/people.ts';

const MISSING = 'ffffffffffffffffffffffff';
const MALFORMED = 'not-an-id';
const roles = ['none', 'TEMP_USER', 'CUSTOMER', 'AGENT', 'ADMIN'] as const;
type Caller = (typeof roles)[number];
const places = ['own', "other's", 'missing', 'malformed'] as const;
type Place = (typeof places)[number];

/** What a route is called with: a ticket, a message of the caller's and one of somebody else's in it. */
interface Target {
  ticketId: string;
  mine: string;
  theirs: string;
  /** A note of the caller's, where that is staff, and one of somebody else's. */
  myNote: string;
  theirNote: string;
}

interface Route {
  method: string;
  path(target: Target): string;
  body?: object | (() => FormData);
  /** Status on (own, other's, missing, malformed) ticket, of a customer and of staff. */
  customer: string;
  staff: string;
  /** Of AGENT, where that is not the staff's. */
  agent?: string;
}

const codes: Record<number, string> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
};

function smallFile(): FormData {
  const form = new FormData();
  form.set('file', new Blob(['hello']), 'a.txt');
  return form;
}

const routes: Record<string, Route> = {
  'get a ticket': {
    method: 'GET',
    path: ({ ticketId }) => `/tickets/${ticketId}`,
    customer: '200 404 404 404',
    staff: '200 200 404 404',
  },
  'delete a ticket': {
    method: 'DELETE',
    path: ({ ticketId }) => `/tickets/${ticketId}`,
    customer: '403 404 404 404',
    agent: '403 403 404 404',
    staff: '204 204 404 404',
  },
  'rename a ticket': {
    method: 'PATCH',
    path: ({ ticketId }) => `/tickets/${ticketId}`,
    body: { topic: 'Another topic' },
    customer: '200 404 404 404',
    staff: '200 200 404 404',
  },
  'set the level of a ticket': {
    method: 'PATCH',
    path: ({ ticketId }) => `/tickets/${ticketId}`,
    body: { issue_level: 'URGENT' },
    customer: '403 404 404 404',
    staff: '200 200 404 404',
  },
  'set the support role of a ticket': {
    method: 'PATCH',
    path: ({ ticketId }) => `/tickets/${ticketId}`,
    body: { support_role: 'TECHNICAL', topic: 'Another topic' },
    customer: '403 404 404 404',
    staff: '200 200 404 404',
  },
  'assign a ticket': {
    method: 'PATCH',
    path: ({ ticketId }) => `/tickets/${ticketId}`,
    body: { assigned_to: 'somebody-unknown' },
    customer: '403 404 404 404',
    staff: '200 200 404 404',
    // ADMIN has it, who was the first of the staff to answer; an agent may not take it away.
    agent: '403 200 404 404',
  },
  'close a ticket': {
    method: 'POST',
    path: ({ ticketId }) => `/tickets/${ticketId}/close`,
    customer: '200 404 404 404',
    staff: '200 200 404 404',
  },
  'close a ticket later': {
    method: 'POST',
    path: ({ ticketId }) => `/tickets/${ticketId}/closing`,
    body: { in_ms: 3_600_000 },
    customer: '200 404 404 404',
    staff: '200 200 404 404',
  },
  'undo a closing': {
    method: 'DELETE',
    path: ({ ticketId }) => `/tickets/${ticketId}/closing`,
    customer: '200 404 404 404',
    staff: '200 200 404 404',
  },
  'ask whether a ticket may be closed': {
    method: 'POST',
    path: ({ ticketId }) => `/tickets/${ticketId}/close-request`,
    body: {},
    customer: '403 404 404 404',
    staff: '200 200 404 404',
  },
  'answer what nobody has asked': {
    method: 'POST',
    path: ({ ticketId }) => `/tickets/${ticketId}/close-request/answer`,
    body: { close: true },
    customer: '409 404 404 404',
    staff: '409 403 404 404',
  },
  'send a message': {
    method: 'POST',
    path: ({ ticketId }) => `/tickets/${ticketId}/messages`,
    body: { content: 'hello' },
    customer: '201 404 404 404',
    staff: '201 201 404 404',
  },
  'list messages': {
    method: 'GET',
    path: ({ ticketId }) => `/tickets/${ticketId}/messages`,
    customer: '200 404 404 404',
    staff: '200 200 404 404',
  },
  'list changes': {
    method: 'GET',
    path: ({ ticketId }) => `/tickets/${ticketId}/messages?after=0`,
    customer: '200 404 404 404',
    staff: '200 200 404 404',
  },
  'edit an own message': {
    method: 'PATCH',
    path: ({ ticketId, mine }) => `/tickets/${ticketId}/messages/${mine}`,
    body: { content: 'changed' },
    customer: '200 404 404 404',
    staff: '200 200 404 404',
  },
  "edit somebody else's message": {
    method: 'PATCH',
    path: ({ ticketId, theirs }) => `/tickets/${ticketId}/messages/${theirs}`,
    body: { content: 'changed' },
    customer: '403 404 404 404',
    staff: '403 403 404 404',
  },
  'delete an own message': {
    method: 'DELETE',
    path: ({ ticketId, mine }) => `/tickets/${ticketId}/messages/${mine}`,
    customer: '200 404 404 404',
    staff: '200 200 404 404',
  },
  "delete somebody else's message": {
    method: 'DELETE',
    path: ({ ticketId, theirs }) => `/tickets/${ticketId}/messages/${theirs}`,
    customer: '403 404 404 404',
    staff: '200 200 404 404',
  },
  'edit a message that is not there': {
    method: 'PATCH',
    path: ({ ticketId }) => `/tickets/${ticketId}/messages/${MISSING}`,
    body: { content: 'changed' },
    customer: '404 404 404 404',
    staff: '404 404 404 404',
  },
  'delete a message of a malformed id': {
    method: 'DELETE',
    path: ({ ticketId }) => `/tickets/${ticketId}/messages/${MALFORMED}`,
    customer: '404 404 404 404',
    staff: '404 404 404 404',
  },
  'write a note': {
    method: 'POST',
    path: ({ ticketId }) => `/tickets/${ticketId}/notes`,
    body: { content: 'hm' },
    customer: '403 404 404 404',
    staff: '201 201 404 404',
  },
  'write a note with a file and an answer that are not there': {
    method: 'POST',
    path: ({ ticketId }) => `/tickets/${ticketId}/notes`,
    body: { content: 'hm', attachments: [MISSING], reply_to: MISSING },
    customer: '403 404 404 404',
    staff: '400 400 404 404',
  },
  'read the history': {
    method: 'GET',
    path: ({ ticketId }) => `/tickets/${ticketId}/history`,
    customer: '200 404 404 404',
    staff: '200 200 404 404',
  },
  'list comments': {
    method: 'GET',
    path: ({ ticketId }) => `/tickets/${ticketId}/comments`,
    customer: '200 404 404 404',
    staff: '200 200 404 404',
  },
  'write a comment': {
    method: 'POST',
    path: ({ ticketId }) => `/tickets/${ticketId}/comments`,
    body: { content: 'hello' },
    customer: '201 404 404 404',
    staff: '201 201 404 404',
  },
  'write an internal comment': {
    method: 'POST',
    path: ({ ticketId }) => `/tickets/${ticketId}/comments`,
    body: { content: 'hm', internal: true },
    customer: '403 404 404 404',
    staff: '201 201 404 404',
  },
  'list notes': {
    method: 'GET',
    path: ({ ticketId }) => `/tickets/${ticketId}/notes`,
    customer: '403 404 404 404',
    staff: '200 200 404 404',
  },
  'edit an own note': {
    method: 'PATCH',
    path: ({ ticketId, myNote }) => `/tickets/${ticketId}/notes/${myNote}`,
    body: { content: 'changed' },
    customer: '403 404 404 404',
    staff: '200 200 404 404',
  },
  "edit somebody else's note": {
    method: 'PATCH',
    path: ({ ticketId, theirNote }) => `/tickets/${ticketId}/notes/${theirNote}`,
    body: { content: 'changed' },
    customer: '403 404 404 404',
    staff: '403 403 404 404',
  },
  "delete somebody else's note": {
    method: 'DELETE',
    path: ({ ticketId, theirNote }) => `/tickets/${ticketId}/notes/${theirNote}`,
    customer: '403 404 404 404',
    staff: '200 200 404 404',
  },
  'edit a note that is not there': {
    method: 'PATCH',
    path: ({ ticketId }) => `/tickets/${ticketId}/notes/${MISSING}`,
    body: { content: 'changed' },
    customer: '403 404 404 404',
    staff: '404 404 404 404',
  },
  'edit a message as if it were a note': {
    method: 'PATCH',
    path: ({ ticketId, mine }) => `/tickets/${ticketId}/notes/${mine}`,
    body: { content: 'changed' },
    customer: '403 404 404 404',
    staff: '404 404 404 404',
  },
  'delete a note as if it were a message': {
    method: 'DELETE',
    path: ({ ticketId, theirNote }) => `/tickets/${ticketId}/messages/${theirNote}`,
    customer: '404 404 404 404',
    staff: '404 404 404 404',
  },
  'upload a file': {
    method: 'POST',
    path: ({ ticketId }) => `/tickets/${ticketId}/attachments`,
    body: smallFile,
    customer: '201 404 404 404',
    staff: '201 201 404 404',
  },
};

let app: RunningApp;
let admin: Person;

beforeAll(async () => {
  app = await startApp();
  admin = newPerson(app.url, 'ADMIN');
});
afterAll(() => app.stop());

async function buildTarget(place: Place, caller: Person): Promise<Target> {
  const all = (id: string) => ({ ticketId: id, mine: id, theirs: id, myNote: id, theirNote: id });
  if (place === 'missing') return all(MISSING);
  if (place === 'malformed') return all(MALFORMED);
  const owner = place === 'own' ? caller : newPerson(app.url);
  const ticket = await owner.createTicket();
  // First, so that an agent who calls has another's ticket.
  const mine = await caller.send(ticket.id, 'from the caller');
  const theirs = await admin.send(ticket.id, 'from somebody else');
  const note = (by: Person) =>
    by.call<{ id?: string }>('POST', `/tickets/${ticket.id}/notes`, { content: 'hm' });
  const [myNote, theirNote] = [await note(caller), await note(admin)];
  return {
    ticketId: ticket.id,
    mine: mine.body?.id ?? MISSING,
    theirs: theirs.body.id,
    myNote: myNote.body.id ?? MISSING,
    theirNote: theirNote.body.id as string,
  };
}

async function callAs(caller: Person | undefined, route: Route, target: Target) {
  const body = typeof route.body === 'function' ? route.body() : JSON.stringify(route.body);
  const answer = await fetch(`${app.url}/api/v1${route.path(target)}`, {
    method: route.method,
    headers: {
      ...(caller && { authorization: `Bearer ${caller.token}` }),
      ...(typeof body === 'string' && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text ? JSON.parse(text) : undefined) as ErrorBody };
}

function expectedOf(route: Route, role: Caller): number[] {
  if (role === 'none') return [401, 401, 401, 401];
  const staff = role === 'AGENT' ? (route.agent ?? route.staff) : route.staff;
  const row = role === 'AGENT' || role === 'ADMIN' ? staff : route.customer;
  return row.split(' ').map(Number);
}

describe.each(Object.keys(routes))('%s', (name) => {
  const route = routes[name] as Route;
  test.each(roles)('as %s: own, other’s, missing, malformed ticket', async (role) => {
    const wanted = expectedOf(route, role);
    const check = async (place: Place, index: number) => {
      const caller = role === 'none' ? undefined : newPerson(app.url, role as UserRole);
      const target = await buildTarget(place, caller ?? newPerson(app.url));
      const answer = await callAs(caller, route, target);
      expect({ place, status: answer.status }).toEqual({ place, status: wanted[index] });
      if (answer.status < 400) return;
      expect(answer.body).toEqual({
        error: codes[answer.status],
        message: expect.stringMatching(/./),
        ...(answer.status === 400 && { errors: expect.any(Array) }),
      });
    };
    await Promise.all(places.map(check));
  });
});

describe('without a ticket in the path', () => {
  const expected: [string, string, object | undefined, Record<Caller, number>][] = [
    [
      'GET',
      '/tickets',
      undefined,
      { none: 401, TEMP_USER: 200, CUSTOMER: 200, AGENT: 200, ADMIN: 200 },
    ],
    [
      'POST',
      '/tickets',
      { topic: 't', description: 'd' },
      { none: 401, TEMP_USER: 201, CUSTOMER: 201, AGENT: 201, ADMIN: 201 },
    ],
    [
      'POST',
      '/tickets',
      { topic: 't', description: 'd', issue_level: 'URGENT' },
      { none: 401, TEMP_USER: 403, CUSTOMER: 403, AGENT: 201, ADMIN: 201 },
    ],
    [
      'POST',
      '/tickets',
      { topic: 't', description: 'd', support_role: 'ADMIN' },
      { none: 401, TEMP_USER: 403, CUSTOMER: 403, AGENT: 201, ADMIN: 201 },
    ],
  ];
  test.each(expected)(
    '%s %s %j: every role gets its status',
    async (method, path, body, wanted) => {
      for (const role of roles) {
        const caller = role === 'none' ? undefined : newPerson(app.url, role);
        const route = { method, path: () => path, ...(body && { body }), customer: '', staff: '' };
        const answer = await callAs(caller, route, {} as Target);
        expect({ role, status: answer.status }).toEqual({ role, status: wanted[role] });
      }
    },
  );
});

test('lists show a customer the own tickets only, and staff everybody’s', async () => {
  const [ana, ben] = [newPerson(app.url), newPerson(app.url, 'CUSTOMER')];
  const [of, other] = [await ana.createTicket(), await ben.createTicket()];
  const idsOf = async (person: Person) =>
    (await person.call<{ id: string }[]>('GET', '/tickets')).body.map(({ id }) => id);
  expect(await idsOf(ana)).toEqual([of.id]);
  expect(await idsOf(ben)).toEqual([other.id]);
  expect(await idsOf(newPerson(app.url, 'AGENT'))).toEqual(
    expect.arrayContaining([of.id, other.id]),
  );
});

test('the same id from another issuer is another person', async () => {
  const shop = newPerson(app.url, 'CUSTOMER', { id: 'same-id', iss: 'https://shop.example' });
  const blog = newPerson(app.url, 'CUSTOMER', { id: 'same-id', iss: 'https://blog.example' });
  const bare = newPerson(app.url, 'CUSTOMER', { id: 'same-id' });
  const forged = newPerson(app.url, 'CUSTOMER', { id: 'https://shop.example|same-id' });
  const shifted = newPerson(app.url, 'CUSTOMER', { id: 'x|same-id', iss: 'https://shop.example' });
  const ticket = await shop.createTicket();
  const deeper = await shifted.createTicket();
  const glued = newPerson(app.url, 'CUSTOMER', { id: 'same-id', iss: 'https://shop.example|x' });
  expect((await shop.call('GET', `/tickets/${ticket.id}`)).status).toBe(200);
  for (const person of [blog, bare, forged]) {
    expect((await person.call('GET', `/tickets/${ticket.id}`)).status).toBe(404);
  }
  expect((await glued.call('GET', `/tickets/${deeper.id}`)).status).toBe(404);
});

test('a message of another ticket is missing under this one', async () => {
  const ana = newPerson(app.url);
  const [first, second] = [await ana.createTicket(), await ana.createTicket()];
  const { body: message } = await ana.send(first.id, 'in the first');
  const path = `/tickets/${second.id}/messages/${message.id}`;
  expect((await ana.call('PATCH', path, { content: 'x' })).status).toBe(404);
  expect((await ana.call('DELETE', path)).status).toBe(404);
  expect((await ana.list(first.id)).body).toMatchObject([{ content: 'in the first' }]);
});
