import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TicketStatus, type TicketView, ticketStatuses } from '../../src/contract/tickets.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabaseName } from '../support/mongo.ts';
import { listenAt, newPerson, type Person, personAt } from '../support/people.ts';
import { expectSoundLog, upTo } from '../support/sound-log.ts';

const env = { DB_NAME: freshDatabaseName(), REQUIRE_APPROVAL: 'true', SWEEP_INTERVAL_MS: '200' };
let app: RunningApp;
let other: RunningApp;
let ana: Person;
let kim: Person;
let root: Person;
beforeAll(async () => {
  app = await startApp(env);
  other = await startApp(env);
  ana = newPerson(app.url);
  kim = newPerson(app.url, 'AGENT', { username: 'Kim' });
  root = newPerson(app.url, 'ADMIN', { username: 'Root' });
});
afterAll(async () => {
  await other.stop();
  await app.stop();
});

/** The table of the design, written down once more. */
const legal: Record<TicketStatus, TicketStatus[]> = {
  NEW: ['OPEN', 'REJECTED', 'WITHDRAWN'],
  OPEN: ['ASSIGNED', 'IN_PROGRESS', 'CLOSED', 'WITHDRAWN'],
  ASSIGNED: ['IN_PROGRESS', 'OPEN', 'CLOSED', 'WITHDRAWN'],
  IN_PROGRESS: ['WAITING', 'RESOLVED', 'CLOSED', 'WITHDRAWN'],
  WAITING: ['IN_PROGRESS', 'RESOLVED', 'CLOSED', 'WITHDRAWN'],
  RESOLVED: ['CLOSED', 'REOPENED'],
  CLOSED: ['REOPENED'],
  REOPENED: ['IN_PROGRESS', 'ASSIGNED', 'RESOLVED', 'CLOSED', 'WITHDRAWN'],
  REJECTED: [],
  WITHDRAWN: [],
};

const put = (person: Person, id: string, status: string, more: object = {}) =>
  person.call<TicketView>('PUT', `/tickets/${id}/status`, { status, ...more });
const post = (person: Person, id: string, verb: string, body: object = {}) =>
  person.call<TicketView>('POST', `/tickets/${id}/${verb}`, body);

/** A ticket of Ana's, brought to a status by the shortest legal way. */
const ways: Record<TicketStatus, TicketStatus[]> = {
  NEW: [],
  OPEN: ['OPEN'],
  ASSIGNED: ['OPEN', 'ASSIGNED'],
  IN_PROGRESS: ['OPEN', 'IN_PROGRESS'],
  WAITING: ['OPEN', 'IN_PROGRESS', 'WAITING'],
  RESOLVED: ['OPEN', 'IN_PROGRESS', 'RESOLVED'],
  CLOSED: ['OPEN', 'CLOSED'],
  REOPENED: ['OPEN', 'CLOSED', 'REOPENED'],
  REJECTED: ['REJECTED'],
  WITHDRAWN: ['WITHDRAWN'],
};

async function ticketIn(status: TicketStatus, owner = ana): Promise<TicketView> {
  let ticket = await owner.createTicket();
  for (const next of ways[status]) {
    const answer =
      next === 'ASSIGNED'
        ? await post(root, ticket.id, 'assign', { assigned_to: root.id })
        : await put(root, ticket.id, next, { comment: 'because' });
    expect(answer).toMatchObject({ status: 200, body: { status: next } });
    ticket = answer.body;
  }
  return ticket;
}

describe.each(ticketStatuses)('from %s', (from) => {
  test('every legal move is made by ADMIN, every other is 409 and names those there are', async () => {
    const attempt = async (to: TicketStatus) => {
      const ticket = await ticketIn(from);
      // So that nothing but the table decides.
      if (to === 'ASSIGNED' && !ticket.assigned_to && legal[from].includes(to)) {
        await kim.call('PATCH', `/tickets/${ticket.id}`, { assigned_to: 'somebody' });
      }
      const before = (await root.call<TicketView>('GET', `/tickets/${ticket.id}`)).body;
      const answer = await put(root, ticket.id, to, { comment: 'because' });
      const after = (await root.call<TicketView>('GET', `/tickets/${ticket.id}`)).body;
      const isLegal = legal[from].includes(to);
      const status = to === from || isLegal ? 200 : 409;
      expect([from, to, answer.status]).toEqual([from, to, status]);
      expect(after.status).toBe(isLegal ? to : from);
      expect(after.last_seq).toBe(before.last_seq + (isLegal ? 1 : 0));
      if (status === 409) {
        const { message } = answer.body as unknown as { message: string };
        for (const other of legal[from]) expect(message).toContain(other);
      }
      await expectSoundLog(app.ctx, ticket.id);
    };
    await Promise.all(ticketStatuses.map(attempt));
  });

  test('a customer moves it nowhere but back, an agent neither approves nor withdraws', async () => {
    const attempt = async (to: TicketStatus) => {
      const ticket = await ticketIn(from);
      const byOwner = await put(ana, ticket.id, to, { comment: 'because' });
      const mayWithdraw = to === 'WITHDRAWN';
      const expected = mayWithdraw ? [200, 409] : [403];
      expect(expected).toContain(byOwner.status);
      const stranger = await put(newPerson(app.url), ticket.id, to);
      expect(stranger.status).toBe(404);
      if (mayWithdraw) return;
      const isForAdmin = to === 'REJECTED' || (from === 'NEW' && to === 'OPEN');
      const byAgent = await put(kim, ticket.id, to, { comment: 'because' });
      if (isForAdmin) expect(byAgent.status).toBe(403);
      else expect([200, 400, 409]).toContain(byAgent.status);
    };
    await Promise.all(ticketStatuses.map(attempt));
  });

  test('messages are taken exactly while it is open', async () => {
    const ticket = await ticketIn(from);
    const isOver = ['CLOSED', 'REJECTED', 'WITHDRAWN'].includes(from);
    expect((await ana.send(ticket.id, 'hello')).status).toBe(isOver ? 409 : 201);
  });

  test('closing works while it is open, and says what is over as it is', async () => {
    const ticket = await ticketIn(from);
    const { status, body } = await root.close(ticket.id, 'done');
    const isOver = ['CLOSED', 'REJECTED', 'WITHDRAWN'].includes(from);
    expect({ status, now: body.status }).toEqual({ status: 200, now: isOver ? from : 'CLOSED' });
  });
});

test('whoever opened a ticket that waits for approval withdraws it by closing it', async () => {
  const ticket = await ticketIn('NEW');
  expect(await ana.close(ticket.id)).toMatchObject({ status: 200, body: { status: 'WITHDRAWN' } });
});

test('what was closed before it was approved is opened again by those alone who may approve', async () => {
  const close = async (): Promise<TicketView> => {
    const { id } = await ana.createTicket();
    const closed = await kim.close(id, 'not for us');
    expect(closed).toMatchObject({ status: 200, body: { status: 'CLOSED', reopen_until: null } });
    return closed.body;
  };
  const tries = (id: string) => [
    () => post(ana, id, 'reopen'),
    () => post(kim, id, 'reopen'),
    () => put(kim, id, 'REOPENED'),
  ];
  const { id } = await close();
  for (const attempt of tries(id)) expect((await attempt()).status).toBe(403);
  expect((await ana.call<TicketView>('GET', `/tickets/${id}`)).body.status).toBe('CLOSED');
  expect(await post(root, id, 'reopen')).toMatchObject({
    status: 200,
    body: { status: 'REOPENED', reopened: 1 },
  });
  // From here on it is a ticket like any other.
  expect((await kim.close(id)).body.reopen_until).toBeGreaterThan(Date.now());
  expect((await post(ana, id, 'reopen')).status).toBe(200);
  expect((await put(root, (await close()).id, 'REOPENED')).status).toBe(200);
});

test('what is said for the staff alone becomes a note, and stands in no history', async () => {
  const ticket = await ticketIn('IN_PROGRESS');
  const comment = 'the customer is difficult';
  const told = await put(kim, ticket.id, 'WAITING', { comment, internal: true });
  expect(told.body).toMatchObject({ status: 'WAITING', last_internal_seq: 1 });
  const notes = () => kim.call<{ content: string }[]>('GET', `/tickets/${ticket.id}/notes`);
  expect((await notes()).body.map(({ content }) => content)).toEqual([comment]);
  const closed = await put(kim, ticket.id, 'CLOSED', { comment, internal: true });
  expect(closed.body.close_reason).toBeNull();
  const fresh = await ticketIn('NEW');
  const body = { priority: 'High', department: 'technical', approval_notes: 'seems urgent' };
  expect((await post(root, fresh.id, 'approve', body)).body).toMatchObject({
    status: 'OPEN',
    priority: 'HIGH',
    support_role: 'TECHNICAL',
    last_internal_seq: 1,
  });
});

test('a rejection needs a reason that the customer may read', async () => {
  const ticket = await ticketIn('NEW');
  const comment = 'for the staff alone';
  const refused = await put(root, ticket.id, 'REJECTED', { comment, internal: true });
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ type: 'required' }] } });
});

test('what is somebody else’s stays theirs, by whichever call', async () => {
  const lee = newPerson(app.url, 'AGENT', { username: 'Lee' });
  const ticket = await ticketIn('OPEN');
  expect((await post(lee, ticket.id, 'claim')).status).toBe(200);
  for (const assigned_to of [kim.id, null, 'somebody']) {
    expect((await kim.call('PATCH', `/tickets/${ticket.id}`, { assigned_to })).status).toBe(403);
    expect((await root.call('PATCH', `/tickets/${ticket.id}`, { topic: 'x' })).status).toBe(200);
  }
  expect((await root.call('PATCH', `/tickets/${ticket.id}`, { assigned_to: null })).status).toBe(
    200,
  );
});

test('who may not assign is not told who there is', async () => {
  const ticket = await ticketIn('OPEN');
  for (const assigned_to of [kim.id, 'nobody', 'auto']) {
    expect((await post(ana, ticket.id, 'assign', { assigned_to })).status).toBe(403);
    const stranger = newPerson(app.url);
    expect((await post(stranger, ticket.id, 'assign', { assigned_to })).status).toBe(404);
  }
  const agent = newPerson(app.url, 'AGENT');
  expect((await post(agent, ticket.id, 'assign', { assigned_to: 'auto' })).status).toBe(403);
});

test('circumstances have plain names, and nothing of them is a key of the database', async () => {
  const context = { page: '/cart', 'Plan-2 x.y_z': 'gold' };
  expect((await ana.createTicket({ context })).context).toEqual(context);
  for (const key of ['$where', '_bsontype', 'a\u0000b', '']) {
    const body = {
      topic: 't',
      description: 'd',
      context: JSON.parse(`{${JSON.stringify(key)}:"x"}`),
    };
    const { status } = await ana.call('POST', '/tickets', JSON.stringify(body));
    expect([key, status]).toEqual([key, 400]);
  }
});

test('reopening counts against the cap on open tickets', async () => {
  const strict = await startApp({ MAX_OPEN_TICKETS_PER_USER: '1' });
  try {
    const ben = newPerson(strict.url);
    const first = await ben.createTicket();
    await ben.close(first.id);
    const second = await ben.createTicket();
    expect((await post(ben, first.id, 'reopen')).status).toBe(409);
    await ben.close(second.id);
    expect((await post(ben, first.id, 'reopen')).status).toBe(200);
  } finally {
    await strict.stop();
  }
});

test('a status is taken in any case and by the siblings’ names, and nothing else is', async () => {
  const ticket = await ticketIn('IN_PROGRESS');
  for (const [word, status] of [
    ['on_hold', 'WAITING'],
    ['In-Progress', 'IN_PROGRESS'],
    ['pending', 'WAITING'],
    ['in progress', 'IN_PROGRESS'],
  ] as const) {
    expect((await put(kim, ticket.id, word)).body.status).toBe(status);
  }
  const path = `/tickets/${ticket.id}/update-status`;
  expect((await kim.call('POST', path, { status: 'waiting' })).status).toBe(200);
  for (const bad of ['', 'DONE', 'x'.repeat(100)]) {
    expect((await put(kim, ticket.id, bad)).status).toBe(400);
  }
});

test('what a status needs is asked for', async () => {
  const [open, fresh] = [await ticketIn('OPEN'), await ticketIn('NEW')];
  expect(await put(kim, open.id, 'ASSIGNED')).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'assigned_to', type: 'required' }] },
  });
  expect(await put(root, fresh.id, 'REJECTED')).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'rejection_reason', type: 'required' }] },
  });
  expect(await post(root, fresh.id, 'reject', { rejection_reason: 'a double' })).toMatchObject({
    status: 200,
    body: { status: 'REJECTED', rejection_reason: 'a double' },
  });
});

test('every end is told as ticket_closed, everything else as ticket_updated', async () => {
  const ben = newPerson(app.url);
  const socket = listenAt(other.url);
  await socket.ask('authorize', { token: ben.token });
  for (const status of ['REJECTED', 'WITHDRAWN', 'CLOSED'] as const) {
    const ticket = await ticketIn(status, ben);
    await eventually(() =>
      expect(socket.events('ticket_closed').at(-1)).toMatchObject({ id: ticket.id, status }),
    );
  }
  expect(socket.events('ticket_updated').map(({ status }) => status)).toEqual(['OPEN']);
  socket.socket.close();
});

describe('claims', () => {
  test('fifty of the staff claim one ticket at once on two servers: one wins, the others hear who', async () => {
    for (let round = 0; round < 3; round++) {
      const ticket = await ticketIn('OPEN');
      const staff = upTo(50).map((i) => newPerson(app.url, 'AGENT', { username: `Agent ${i}` }));
      const answers = await Promise.all(
        staff.map((person, i) =>
          post(
            i % 2 ? person : { ...person, ...personAt(other.url, person.token) },
            ticket.id,
            'claim',
          ),
        ),
      );
      const [winner, second] = answers.filter(({ status }) => status === 200);
      expect(second).toBeUndefined();
      expect(winner?.body).toMatchObject({
        status: 'IN_PROGRESS',
        assignee: { id: winner?.body.assigned_to },
      });
      const name = winner?.body.assignee?.name as string;
      const refusals = answers.filter(({ status }) => status === 409);
      expect(refusals).toHaveLength(49);
      for (const { body } of refusals) {
        expect((body as unknown as { message: string }).message).toContain(name);
      }
      await expectSoundLog(app.ctx, ticket.id);
    }
  });

  test('given back, a ticket is free again; what is somebody else’s only ADMIN gives back', async () => {
    const ticket = await ticketIn('OPEN');
    expect((await post(kim, ticket.id, 'claim')).status).toBe(200);
    expect((await post(kim, ticket.id, 'claim')).body.last_seq).toBe(2);
    expect((await post(newPerson(app.url, 'AGENT'), ticket.id, 'unclaim')).status).toBe(403);
    expect((await post(root, ticket.id, 'unclaim')).body).toMatchObject({ assigned_to: null });
    expect((await post(kim, ticket.id, 'claim')).status).toBe(200);
    expect((await post(kim, ticket.id, 'unclaim')).body).toMatchObject({
      assigned_to: null,
      assignee: null,
      status: 'IN_PROGRESS',
    });
  });

  test('over is over: claim, unclaim and assign are 409', async () => {
    const ticket = await ticketIn('CLOSED');
    for (const [verb, body] of [
      ['claim', {}],
      ['unclaim', {}],
      ['assign', { assigned_to: root.id }],
    ] as const) {
      expect((await post(root, ticket.id, verb, body)).status).toBe(409);
    }
  });
});

describe('a status that moves by itself', () => {
  test('staff’s first answer takes the ticket on, once, and says when the customer was answered', async () => {
    const ticket = await ticketIn('OPEN');
    await ana.send(ticket.id, 'hello?');
    await kim.send(ticket.id, 'I am here');
    await kim.send(ticket.id, 'what is it?');
    const { body } = await ana.call<TicketView>('GET', `/tickets/${ticket.id}`);
    expect(body).toMatchObject({ status: 'IN_PROGRESS', assigned_to: kim.id, last_seq: 5 });
    expect(body.first_response_at).not.toBeNull();
    expect(body.response_time).toBeLessThanOrEqual(
      (body.first_response_at as number) - body.created_at,
    );
    await expectSoundLog(app.ctx, ticket.id);
  });

  test('a customer’s message brings what waits, or is resolved, back to work', async () => {
    const waiting = await ticketIn('WAITING');
    await ana.send(waiting.id, 'here it is');
    const resolved = await ticketIn('RESOLVED');
    await ana.send(resolved.id, 'not yet');
    const statusOf = async ({ id }: TicketView) =>
      (await ana.call<TicketView>('GET', `/tickets/${id}`)).body;
    expect(await statusOf(waiting)).toMatchObject({ status: 'IN_PROGRESS' });
    expect(await statusOf(resolved)).toMatchObject({
      status: 'REOPENED',
      reopened: 1,
      resolved_at: null,
    });
  });

  test('a message that is sent again moves nothing that was moved since', async () => {
    const ticket = await ticketIn('RESOLVED');
    const again = { client_id: 'one' };
    expect((await ana.send(ticket.id, 'not yet', again)).status).toBe(201);
    expect((await put(kim, ticket.id, 'RESOLVED')).status).toBe(200);
    expect((await ana.send(ticket.id, 'not yet', again)).status).toBe(200);
    expect((await ana.call<TicketView>('GET', `/tickets/${ticket.id}`)).body.status).toBe(
      'RESOLVED',
    );
  });

  test('a message that is stored, and has moved nothing yet, moves the ticket when it is sent again, whatever other fields have changed', async () => {
    // As if the node had died before the move.
    const still = { ...app.ctx, config: { ...app.ctx.config, autoStatus: false } };
    const store = (by: Person, id: string) => {
      const key = by === kim ? `staff||${kim.id}` : by.id;
      const who = { key, id: by.id, username: 'X', email: null, role: by.role };
      const body = { content: 'it is here', client_id: 'again' };
      return sendMessage(still, { ...who, origin: 'web' }, id, body);
    };
    for (const [from, by, to] of [
      ['WAITING', ana, 'IN_PROGRESS'],
      ['RESOLVED', ana, 'REOPENED'],
      ['OPEN', kim, 'IN_PROGRESS'],
    ] as const) {
      const { id } = await ticketIn(from);
      await store(by, id);
      await root.call('PATCH', `/tickets/${id}`, { topic: 'Two parcels' });
      const again = await by.send(id, 'it is here', { client_id: 'again' });
      expect(again.status).toBe(200);
      expect((await ana.call<TicketView>('GET', `/tickets/${id}`)).body.status).toBe(to);
    }
    // A question that was asked after the message stands.
    const asked = await ticketIn('WAITING');
    await store(ana, asked.id);
    await post(kim, asked.id, 'close-request');
    await ana.send(asked.id, 'it is here', { client_id: 'again' });
    expect((await ana.call<TicketView>('GET', `/tickets/${asked.id}`)).body).toMatchObject({
      status: 'IN_PROGRESS',
      close_request: { by_name: 'Kim' },
    });
  });

  test('with AUTO_STATUS=false nothing moves but the time of the first answer', async () => {
    const plain = await startApp({ AUTO_STATUS: 'false' });
    try {
      const ben = newPerson(plain.url);
      const agent = newPerson(plain.url, 'AGENT');
      const ticket = await ben.createTicket();
      await agent.send(ticket.id, 'hello');
      const { body } = await ben.call<TicketView>('GET', `/tickets/${ticket.id}`);
      expect(body).toMatchObject({
        status: 'OPEN',
        assigned_to: null,
        first_response_at: expect.any(Number),
      });
    } finally {
      await plain.stop();
    }
  });
});

describe('reopening and rating', () => {
  test('reopening clears the end and counts; REOPEN_DAYS=0 means never', async () => {
    const ticket = await ticketIn('CLOSED');
    const { body } = await post(ana, ticket.id, 'reopen', { reason: 'again' });
    expect(body).toMatchObject({
      status: 'REOPENED',
      closed_at: null,
      close_reason: null,
      reopened: 1,
    });
    expect((await ana.send(ticket.id, 'it is back')).status).toBe(201);
    const strict = await startApp({ REOPEN_DAYS: '0' });
    try {
      const ben = newPerson(strict.url);
      const { id } = await ben.createTicket();
      await ben.close(id);
      expect((await post(ben, id, 'reopen')).status).toBe(409);
    } finally {
      await strict.stop();
    }
  });

  test('the owner rates a closed ticket, and may think again; nobody else does', async () => {
    const ticket = await ticketIn('CLOSED');
    const rate = (person: Person, score: number) => post(person, ticket.id, 'rating', { score });
    expect((await rate(ana, 4)).body.rating).toMatchObject({ score: 4, comment: null });
    expect((await rate(ana, 5)).body.rating).toMatchObject({ score: 5 });
    expect((await rate(kim, 1)).status).toBe(403);
    expect((await rate(ana, 6)).status).toBe(400);
    expect((await post(ana, (await ticketIn('OPEN')).id, 'rating', { score: 5 })).status).toBe(409);
  });
});

test('urgency is one axis: a priority brings its level, a level its own priority', async () => {
  const ticket = await ticketIn('OPEN');
  const path = `/tickets/${ticket.id}`;
  const seen = async (body: object) => {
    const answer = await kim.call<TicketView>('PATCH', path, body);
    return answer.status === 200 ? [answer.body.priority, answer.body.issue_level] : answer.status;
  };
  expect(await seen({ priority: 'low' })).toEqual(['LOW', 'NORMAL']);
  expect(await seen({ issue_level: 'NORMAL' })).toEqual(['LOW', 'NORMAL']);
  expect(await seen({ issue_level: 'CRITICAL' })).toEqual(['URGENT', 'CRITICAL']);
  expect(await seen({ issue_level: 'NORMAL' })).toEqual(['MEDIUM', 'NORMAL']);
  expect(await seen({ priority: 'critical' })).toEqual(['URGENT', 'CRITICAL']);
  expect(await seen({ priority: 'HIGH', issue_level: 'NORMAL' })).toBe(400);
  expect(await seen({ priority: 'SOON' })).toBe(400);
  expect((await ana.call('PATCH', path, { priority: 'HIGH' })).status).toBe(403);
  const asked = await ana.createTicket({ priority: 'URGENT' });
  expect(asked).toMatchObject({ priority: 'MEDIUM', issue_level: 'NORMAL' });
});

test('what the staff keep to themselves changes nothing that a customer can see', async () => {
  const ticket = await ticketIn('OPEN');
  const path = `/tickets/${ticket.id}`;
  const before = (await ana.call('GET', path)).body;
  const staff = listenAt(other.url);
  await staff.ask('authorize', { token: kim.token });
  const tagged = await kim.call<TicketView>('PATCH', path, { tags: ['vip', 'vip', 'late'] });
  expect(tagged.body).toMatchObject({ tags: ['vip', 'late'], last_internal_seq: 1 });
  const until = Date.now() + 60_000;
  expect((await post(kim, ticket.id, 'snooze', { until })).body).toMatchObject({
    snoozed_until: until,
    last_internal_seq: 2,
  });
  expect((await post(kim, ticket.id, 'snooze', { until: 1 })).status).toBe(400);
  expect((await post(kim, ticket.id, 'snooze', { until: null })).body.snoozed_until).toBeNull();
  expect((await ana.call('GET', path)).body).toEqual(before);
  expect((await post(ana, ticket.id, 'snooze', { until })).status).toBe(403);
  await eventually(() =>
    expect(staff.events('ticket_internal').at(-1)).toEqual({
      ticket_id: ticket.id,
      last_internal_seq: 3,
      tags: ['vip', 'late'],
      snoozed_until: null,
      escalation: null,
    }),
  );
  staff.socket.close();
});
