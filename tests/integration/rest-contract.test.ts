import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fileView, type MessageView, messageView } from '../../src/contract/messages.ts';
import { type TicketView, ticketView } from '../../src/contract/tickets.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';

let app: RunningApp;
let ana: Person;
let kim: Person;

beforeAll(async () => {
  app = await startApp();
  ana = newPerson(app.url, 'TEMP_USER', { username: 'Ana' });
  kim = newPerson(app.url, 'AGENT', { username: 'Kim' });
});
afterAll(() => app.stop());

const hexId = expect.stringMatching(/^[0-9a-f]{24}$/);
const text = expect.any(String);
const anyTime = expect.any(Number);

/** What never changes of the objects, field by field; additions may stand beside them. */
const fixedTicket = {
  id: text,
  user_id: text,
  topic: text,
  description: text,
  status: text,
  created_at: anyTime,
  updated_at: anyTime,
  user_role: expect.stringMatching(/^(TEMP_USER|CUSTOMER|AGENT|ADMIN)$/),
  support_role: expect.stringMatching(/^(GENERAL|TECHNICAL|MANAGER|ADMIN)$/),
  issue_level: expect.stringMatching(/^(NORMAL|URGENT|CRITICAL)$/),
};
const fixedMessage = {
  id: text,
  ticket_id: text,
  author_id: text,
  author_name: text,
  content: text,
  attachments: expect.any(Array),
  created_at: anyTime,
  updated_at: anyTime,
};

describe('the endpoints that never change', () => {
  test('POST /tickets answers 201 with the ticket and every field the contract adds', async () => {
    const before = Date.now();
    const { status, body } = await ana.call<TicketView>('POST', '/tickets', {
      topic: 'string',
      description: 'string',
    });
    expect(status).toBe(201);
    expect(body).toMatchObject(fixedTicket);
    expect(body).toEqual({
      id: hexId,
      user_id: ana.id,
      topic: 'string',
      description: 'string',
      status: 'OPEN',
      created_at: anyTime,
      updated_at: body.created_at,
      changed_at: body.created_at,
      user_role: 'TEMP_USER',
      support_role: 'GENERAL',
      issue_level: 'NORMAL',
      number: expect.any(Number),
      username: 'Ana',
      assigned_to: null,
      closed_at: null,
      close_reason: null,
      last_seq: 0,
      reference: expect.stringMatching(/^TICK-\d{8}-\d{4,}$/),
      priority: 'MEDIUM',
      category: null,
      sub_category: null,
      scheduled_date: null,
      assignee: null,
      files: [],
      context: {},
      first_response_at: null,
      response_time: null,
      resolved_at: null,
      resolution_time: null,
      rejection_reason: null,
      rating: null,
      close_request: null,
      closing_due_at: null,
      reopened: 0,
      reopen_until: null,
    });
    expect(Number.isInteger(body.created_at)).toBe(true);
    expect(body.created_at).toBeGreaterThanOrEqual(before);
    expect(body.created_at).toBeLessThanOrEqual(Date.now());
  });

  test('GET /tickets answers a bare array of tickets, GET /tickets/:id the same one', async () => {
    const created = await ana.createTicket();
    const list = await ana.call<TicketView[]>('GET', '/tickets');
    expect(list.status).toBe(200);
    expect(Array.isArray(list.body)).toBe(true);
    expect(list.body[0]).toMatchObject(fixedTicket);
    expect(list.body[0]).toEqual(created);
    const one = await ana.call('GET', `/tickets/${created.id}`);
    expect(one).toMatchObject({ status: 200, body: created });
  });

  test('POST /tickets/:id/messages answers 201 with the message', async () => {
    const ticket = await ana.createTicket();
    const { status, body } = await ana.send(ticket.id, 'string');
    expect(status).toBe(201);
    expect(body).toMatchObject(fixedMessage);
    expect(body).toEqual({
      id: hexId,
      ticket_id: ticket.id,
      author_id: ana.id,
      author_name: 'Ana',
      content: 'string',
      attachments: [],
      created_at: anyTime,
      updated_at: body.created_at,
      seq: 1,
      rev: 1,
      client_id: null,
      author_role: 'TEMP_USER',
      edited: false,
      deleted: false,
      files: [],
      reply_to: null,
      reactions: [],
    });
  });

  test('GET /tickets/:id/messages answers a bare array of messages, oldest first', async () => {
    const ticket = await ana.createTicket();
    const first = await ana.send(ticket.id, 'first');
    const second = await kim.send(ticket.id, 'second');
    const { status, body } = await ana.list(ticket.id);
    expect(status).toBe(200);
    expect(body).toEqual([first.body, { ...second.body, author_role: 'AGENT' }]);
    expect(body[0]).toMatchObject(fixedMessage);
  });

  test('answers have the fields that PROTOCOL lists, and no other', async () => {
    const namesOf = ({ shape }: { shape: object }) => Object.keys(shape);
    const ticket = await ana.createTicket();
    const staffNames = ['tags', 'snoozed_until', 'escalation', 'sla', 'last_internal_seq'];
    const { body: forStaff } = await kim.call<object>('GET', `/tickets/${ticket.id}`);
    expect(Object.keys(forStaff).toSorted()).toEqual(namesOf(ticketView).toSorted());
    expect(Object.keys(ticket)).toEqual(
      namesOf(ticketView).filter((name) => !staffNames.includes(name)),
    );
    const form = new FormData();
    form.append('file', new Blob(['a note']), 'note.txt');
    const upload = await fetch(`${app.url}/api/v1/tickets/${ticket.id}/attachments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ana.token}` },
      body: form,
    });
    const file = (await upload.json()) as { id: string };
    expect(Object.keys(file).toSorted()).toEqual(namesOf(fileView).toSorted());
    await ana.send(ticket.id, 'with a note', { attachments: [file.id] });
    const path = `/tickets/${ticket.id}/messages`;
    const { body } = await kim.call<MessageView[]>('GET', path);
    expect(Object.keys(body[0] ?? {})).toEqual(namesOf(messageView));
    expect(Object.keys(body[0]?.files[0] ?? {})).toEqual(namesOf(fileView));
  });

  test('ids sort by time, and numbers are unique', async () => {
    const tickets: TicketView[] = [];
    for (let i = 0; i < 3; i++) tickets.push(await ana.createTicket());
    const ids = tickets.map(({ id }) => id);
    expect(ids.toSorted()).toEqual(ids);
    const made = await Promise.all(Array.from({ length: 10 }, () => ana.createTicket()));
    expect(new Set(made.map(({ number }) => number)).size).toBe(10);
  });
});

describe('a seen client_id', () => {
  test('makes a ticket once: 201, then 200 with the ticket as it is now, then 409 for another text', async () => {
    const body = { topic: 'Parcel', description: 'lost', client_id: 'form-1' };
    const first = await ana.call<TicketView>('POST', '/tickets', body);
    expect(first.status).toBe(201);
    await kim.call('PATCH', `/tickets/${first.body.id}`, { issue_level: 'URGENT' });
    const again = await ana.call<TicketView>('POST', '/tickets', body);
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ id: first.body.id, issue_level: 'URGENT', last_seq: 1 });
    const other = await ana.call('POST', '/tickets', { ...body, description: 'something else' });
    expect(other).toMatchObject({ status: 409, body: { error: 'CONFLICT' } });
    const ben = newPerson(app.url);
    expect((await ben.call('POST', '/tickets', body)).status).toBe(201);
  });

  test('twenty times at once makes one ticket', async () => {
    const body = { topic: 'Parcel', description: 'lost', client_id: 'form-20' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ana.call<TicketView>('POST', '/tickets', body)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(19).fill(200), 201]);
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
  });

  test('makes a message once: 200 with the message as it is now, 409 where its first content differed', async () => {
    const ticket = await ana.createTicket();
    const first = await ana.send(ticket.id, 'hello', { client_id: 'a' });
    expect(first).toMatchObject({ status: 201, body: { client_id: 'a' } });
    expect(await ana.send(ticket.id, 'hello', { client_id: 'a' })).toMatchObject({
      status: 200,
      body: first.body,
    });
    const path = `/tickets/${ticket.id}/messages/${first.body.id}`;
    await ana.call('PATCH', path, { content: 'hello!' });
    expect(await ana.send(ticket.id, 'hello', { client_id: 'a' })).toMatchObject({
      status: 200,
      body: { id: first.body.id, content: 'hello!', edited: true, rev: 2 },
    });
    expect(await ana.send(ticket.id, 'hello!', { client_id: 'a' })).toMatchObject({
      status: 409,
      body: { error: 'CONFLICT', message: text },
    });
    await ana.call('DELETE', path);
    expect(await ana.send(ticket.id, 'hello', { client_id: 'a' })).toMatchObject({
      status: 200,
      body: { id: first.body.id, content: '', deleted: true, rev: 3 },
    });
    expect((await kim.send(ticket.id, 'hello', { client_id: 'a' })).status).toBe(201);
    expect((await ana.list(ticket.id)).body).toHaveLength(1);
  });

  test('is answered on a closed ticket too, while a new one is refused there', async () => {
    const ticket = await ana.createTicket();
    const first = await ana.send(ticket.id, 'hello', { client_id: 'a' });
    await ana.close(ticket.id);
    expect(await ana.send(ticket.id, 'hello', { client_id: 'a' })).toMatchObject({
      status: 200,
      body: first.body,
    });
    expect((await ana.send(ticket.id, 'other', { client_id: 'a' })).status).toBe(409);
    expect((await ana.send(ticket.id, 'hello', { client_id: 'b' })).status).toBe(409);
  });

  test('may come as Idempotency-Key; the body’s client_id wins', async () => {
    const ticket = await ana.createTicket();
    const path = `/tickets/${ticket.id}/messages`;
    const key = { 'idempotency-key': 'key-1' };
    const first = await ana.call<MessageView>('POST', path, { content: 'hi' }, key);
    expect(first).toMatchObject({ status: 201, body: { client_id: 'key-1' } });
    expect(await ana.call('POST', path, { content: 'hi' }, key)).toMatchObject({
      status: 200,
      body: { id: first.body.id },
    });
    const both = await ana.call('POST', path, { content: 'hi', client_id: 'own' }, key);
    expect(both).toMatchObject({ status: 201, body: { client_id: 'own' } });
    const ticketBody = { topic: 't', description: 'd' };
    const made = await ana.call<TicketView>('POST', '/tickets', ticketBody, key);
    expect(made.status).toBe(201);
    expect(await ana.call('POST', '/tickets', ticketBody, key)).toMatchObject({
      status: 200,
      body: { id: made.body.id },
    });
  });

  test.each([
    ['', 'too_short'],
    ['   ', 'blank'],
    ['x'.repeat(201), 'too_long'],
  ])('of %j is refused by name', async (client_id, type) => {
    const ticket = await ana.createTicket();
    const { status, body } = await ana.send(ticket.id, 'hi', { client_id });
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { errors: [{ location: 'client_id', type, in: 'body' }] },
    });
    expect((await ana.send(ticket.id, 'hi', { client_id: 'x'.repeat(200) })).status).toBe(201);
  });

  test('a bad Idempotency-Key is refused by the name it came under', async () => {
    const ticket = await ana.createTicket();
    const headers = { 'idempotency-key': 'x'.repeat(201) };
    const answer = await ana.call(
      'POST',
      `/tickets/${ticket.id}/messages`,
      { content: 'hi' },
      headers,
    );
    expect(answer).toMatchObject({
      status: 400,
      body: { errors: [{ location: 'client_id', type: 'too_long', in: 'body' }] },
    });
  });
});

describe('a closed ticket', () => {
  test('closing answers 200 with reason and time; closing again answers the same ticket', async () => {
    const ticket = await ana.createTicket();
    await ana.send(ticket.id, 'hello');
    const closed = await ana.close(ticket.id, '  solved  ');
    expect(closed.status).toBe(200);
    expect(closed.body).toMatchObject({
      id: ticket.id,
      status: 'CLOSED',
      close_reason: 'solved',
      last_seq: 2,
    });
    expect(closed.body.closed_at).toBe(closed.body.updated_at);
    expect(await kim.close(ticket.id, 'another reason')).toMatchObject({
      status: 200,
      body: closed.body,
    });
    expect((await ana.call('GET', `/tickets/${ticket.id}`)).body).toEqual(closed.body);
  });

  test.each([
    ['no body', undefined],
    ['an empty body', {}],
    ['a null reason', { reason: null }],
  ])('closes with %s', async (_what, body) => {
    const ticket = await ana.createTicket();
    const answer = await ana.call('POST', `/tickets/${ticket.id}/close`, body);
    expect(answer).toMatchObject({ status: 200, body: { status: 'CLOSED', close_reason: null } });
  });

  test('takes no message, edit, deletion, upload or change of its fields: 409', async () => {
    const ticket = await ana.createTicket();
    const message = await ana.send(ticket.id, 'hello');
    await ana.close(ticket.id);
    const path = `/tickets/${ticket.id}/messages/${message.body.id}`;
    const conflict = { status: 409, body: { error: 'CONFLICT', message: text } };
    expect(await ana.send(ticket.id, 'more')).toMatchObject(conflict);
    expect(await ana.call('PATCH', path, { content: 'x' })).toMatchObject(conflict);
    expect(await ana.call('DELETE', path)).toMatchObject(conflict);
    expect(await kim.call('DELETE', path)).toMatchObject(conflict);
    expect(await ana.call('PATCH', `/tickets/${ticket.id}`, { topic: 'x' })).toMatchObject(
      conflict,
    );
    expect((await ana.list(ticket.id)).body).toEqual([message.body]);
    const head = (await ana.list(ticket.id)).headers.get('deskcord-head');
    expect(head).toBe('2');
  });
});

describe('GET /tickets', () => {
  test('filters, pages newest first, and links to the next page until there is none', async () => {
    const ben = newPerson(app.url, 'CUSTOMER');
    const tickets: TicketView[] = [];
    for (let i = 0; i < 5; i++) tickets.push(await ben.createTicket({ topic: `t${i}` }));
    await kim.call('PATCH', `/tickets/${tickets[1]?.id}`, { issue_level: 'URGENT' });
    await kim.call('PATCH', `/tickets/${tickets[2]?.id}`, { support_role: 'MANAGER' });
    await kim.close(tickets[3]?.id as string);
    const topics = async (query: string) => {
      const { body } = await ben.call<TicketView[]>('GET', `/tickets${query}`);
      return body.map(({ topic }) => topic);
    };
    expect(await topics('')).toEqual(['t4', 't3', 't2', 't1', 't0']);
    expect(await topics('?status=CLOSED')).toEqual(['t3']);
    expect(await topics('?status=OPEN&issue_level=NORMAL')).toEqual(['t4', 't2', 't0']);
    expect(await topics('?issue_level=URGENT')).toEqual(['t1']);
    expect(await topics('?support_role=MANAGER')).toEqual(['t2']);
    expect(await topics(`?before=${tickets[2]?.id}`)).toEqual(['t1', 't0']);
    expect(await topics('?limit=5')).toHaveLength(5);
    const seen: string[] = [];
    let next: string | undefined = '/tickets?limit=2&status=OPEN';
    while (next) {
      const page: Awaited<ReturnType<typeof ben.call<TicketView[]>>> = await ben.call('GET', next);
      seen.push(...page.body.map(({ topic }) => topic));
      next = /^<\/api\/v1(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(['t4', 't2', 't1', 't0']);
  });

  test('holds at most 100', async () => {
    const ben = newPerson(app.url, 'CUSTOMER');
    await Promise.all(Array.from({ length: 101 }, () => ben.createTicket()));
    const page = await ben.call<TicketView[]>('GET', '/tickets');
    expect(page.body).toHaveLength(100);
    expect(page.headers.get('link')).toContain(`before=${page.body.at(-1)?.id}`);
  });

  test.each([
    ['status=closing', 'status', 'invalid_value'],
    ['issue_level=HIGH', 'issue_level', 'invalid_value'],
    ['support_role=BOSS', 'support_role', 'invalid_value'],
    ['limit=0', 'limit', 'too_short'],
    ['limit=101', 'limit', 'too_long'],
    ['limit=ten', 'limit', 'invalid_format'],
    ['limit=-1', 'limit', 'invalid_format'],
    ['before=1', 'before', 'invalid_format'],
  ])('%s is refused', async (query, location, type) => {
    expect(await ana.call('GET', `/tickets?${query}`)).toMatchObject({
      status: 400,
      body: { error: 'BAD_REQUEST', errors: [{ location, type, in: 'query' }] },
    });
  });
});

describe('GET /tickets/:id/messages', () => {
  let ticket: TicketView;
  let sent: MessageView[];
  beforeAll(async () => {
    ticket = await ana.createTicket();
    sent = [];
    for (let i = 1; i <= 6; i++) sent.push((await ana.send(ticket.id, `m${i}`)).body);
    const path = (index: number) => `/tickets/${ticket.id}/messages/${sent[index]?.id}`;
    await ana.call('DELETE', path(1)); // rev 7
    await ana.call('PATCH', path(0), { content: 'm1 edited' }); // rev 8
    await kim.call('PATCH', `/tickets/${ticket.id}`, { issue_level: 'URGENT' }); // entry 9
  });
  const contents = (rows: MessageView[]) => rows.map(({ content }) => content);

  test('leaves deleted ones out, shows edits, and names the head with status entries in it', async () => {
    const { body, headers } = await ana.list(ticket.id);
    expect(contents(body)).toEqual(['m1 edited', 'm3', 'm4', 'm5', 'm6']);
    expect(body[0]).toMatchObject({ seq: 1, rev: 8, edited: true, id: sent[0]?.id });
    expect(body[0]?.created_at).toBe(sent[0]?.created_at);
    expect(body[0]?.updated_at).toBeGreaterThanOrEqual(sent[0]?.created_at as number);
    expect(headers.get('deskcord-head')).toBe('9');
    expect(headers.get('link')).toBeNull();
  });

  test('limit takes the newest, before goes on from there, Link leads to the first', async () => {
    const pages: string[][] = [];
    let next: string | undefined = `?limit=2`;
    while (next) {
      const page: Awaited<ReturnType<typeof ana.list>> = await ana.list(ticket.id, next);
      expect(page.headers.get('deskcord-head')).toBe('9');
      pages.push(contents(page.body));
      const link: string = page.headers.get('link') ?? '';
      next = /^<\/api\/v1\/tickets\/[0-9a-f]+\/messages(\?.+)>; rel="next"$/.exec(link)?.[1];
    }
    expect(pages).toEqual([['m5', 'm6'], ['m3', 'm4'], ['m1 edited']]);
    expect(contents((await ana.list(ticket.id, '?before=3')).body)).toEqual(['m1 edited']);
    expect((await ana.list(ticket.id, '?before=1')).body).toEqual([]);
  });

  test('after answers every change above it in order of rev, deleted ones as tombstones', async () => {
    const all = await ana.list(ticket.id, '?after=0');
    expect(all.body.map(({ rev, content }) => [rev, content])).toEqual([
      [3, 'm3'],
      [4, 'm4'],
      [5, 'm5'],
      [6, 'm6'],
      [7, ''],
      [8, 'm1 edited'],
    ]);
    expect(all.body[4]).toMatchObject({ id: sent[1]?.id, seq: 2, deleted: true, attachments: [] });
    expect(all.headers.get('deskcord-head')).toBe('9');
    expect((await ana.list(ticket.id, '?after=7')).body).toHaveLength(1);
    expect((await ana.list(ticket.id, '?after=9')).body).toEqual([]);
    expect((await ana.list(ticket.id, '?after=999')).body).toEqual([]);
  });

  test.each([1, 2, 3, 5])(
    'after pages by %d without a gap, and no rev lies above the head',
    async (limit) => {
      const revs: number[] = [];
      let next: string | undefined = `?after=0&limit=${limit}`;
      while (next) {
        const page: Awaited<ReturnType<typeof ana.list>> = await ana.list(ticket.id, next);
        expect(page.body.length).toBeLessThanOrEqual(limit);
        revs.push(...page.body.map(({ rev }) => rev));
        next = /messages(\?.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
      }
      expect(revs).toEqual([3, 4, 5, 6, 7, 8]);
    },
  );

  test.each([
    ['limit=0', 'limit', 'too_short'],
    ['limit=501', 'limit', 'too_long'],
    ['limit=1.5', 'limit', 'invalid_format'],
    ['before=0', 'before', 'too_short'],
    ['before=x', 'before', 'invalid_format'],
    ['after=-1', 'after', 'invalid_format'],
    ['after=', 'after', 'invalid_format'],
    ['after=1&before=5', 'before', 'conflict'],
  ])('%s is refused', async (query, location, type) => {
    expect(await ana.list(ticket.id, `?${query}`)).toMatchObject({
      status: 400,
      body: { errors: [{ location, type, in: 'query' }] },
    });
  });

  test('holds the newest 500 and links to the rest', async () => {
    const long = await ana.createTicket();
    await Promise.all(Array.from({ length: 502 }, (_, i) => ana.send(long.id, `x${i}`)));
    const page = await ana.list(long.id);
    expect(page.body.map(({ seq }) => seq)).toEqual(Array.from({ length: 500 }, (_, i) => i + 3));
    expect(page.headers.get('link')).toContain('before=3');
  });
});

describe('PATCH and DELETE of a message', () => {
  test('the author edits: 200 with the message, its time and place kept', async () => {
    const ticket = await ana.createTicket();
    const { body: sent } = await ana.send(ticket.id, 'helo', { client_id: 'c' });
    const path = `/tickets/${ticket.id}/messages/${sent.id}`;
    const edited = await ana.call<MessageView>('PATCH', path, { content: 'hello' });
    expect(edited).toMatchObject({
      status: 200,
      body: { ...sent, content: 'hello', rev: 2, edited: true, updated_at: anyTime },
    });
    expect((await ana.list(ticket.id)).body).toEqual([edited.body]);
    expect((await ana.call<TicketView>('GET', `/tickets/${ticket.id}`)).body).toMatchObject({
      last_seq: 2,
      updated_at: edited.body.updated_at,
    });
  });

  test('a deletion answers the tombstone; afterwards the message is missing: 404', async () => {
    const ticket = await ana.createTicket();
    const { body: sent } = await ana.send(ticket.id, 'oops');
    const path = `/tickets/${ticket.id}/messages/${sent.id}`;
    expect(await ana.call('DELETE', path)).toMatchObject({
      status: 200,
      body: { id: sent.id, content: '', deleted: true, rev: 2, seq: 1, author_id: ana.id },
    });
    expect((await ana.call('DELETE', path)).status).toBe(404);
    expect((await kim.call('DELETE', path)).status).toBe(404);
    expect((await ana.call('PATCH', path, { content: 'x' })).status).toBe(404);
  });

  test('nothing but its content can be changed', async () => {
    const ticket = await ana.createTicket();
    const { body: sent } = await ana.send(ticket.id, 'mine');
    const path = `/tickets/${ticket.id}/messages/${sent.id}`;
    const forged = { content: 'still mine', author_id: 'x', seq: 9, deleted: true, created_at: 1 };
    const { body } = await ana.call<MessageView>('PATCH', path, forged);
    expect(body).toMatchObject({
      author_id: ana.id,
      seq: 1,
      deleted: false,
      created_at: sent.created_at,
    });
  });
});

describe('PATCH /tickets/:id', () => {
  test('staff set level, role and assignee: one entry in the log, updated_at moves', async () => {
    const ticket = await ana.createTicket();
    const { status, body } = await kim.call<TicketView>('PATCH', `/tickets/${ticket.id}`, {
      issue_level: 'CRITICAL',
      support_role: 'TECHNICAL',
      assigned_to: 'kim',
    });
    expect(status).toBe(200);
    const changed = {
      ...ticket,
      issue_level: 'CRITICAL',
      priority: 'URGENT',
      support_role: 'TECHNICAL',
      assigned_to: 'kim',
      last_seq: 1,
      updated_at: anyTime,
      changed_at: anyTime,
    };
    expect(body).toEqual({
      ...changed,
      ...{ tags: [], snoozed_until: null, escalation: null, last_internal_seq: 0 },
      sla: {
        ...{ paused: false, first_response: 'running', resolution: 'running' },
        first_response_due: ticket.created_at + 2 * 3_600_000,
        resolution_due: ticket.created_at + 24 * 3_600_000,
      },
    });
    expect(body.updated_at).toBeGreaterThanOrEqual(ticket.updated_at);
    expect((await ana.call('GET', `/tickets/${ticket.id}`)).body).toEqual(changed);
  });

  test('the owner sets the topic, trimmed; what is the same already makes no entry', async () => {
    const ticket = await ana.createTicket();
    const path = `/tickets/${ticket.id}`;
    const renamed = await ana.call('PATCH', path, { topic: '  New  topic ' });
    expect(renamed).toMatchObject({ status: 200, body: { topic: 'New  topic', last_seq: 1 } });
    expect(await ana.call('PATCH', path, { topic: 'New  topic' })).toMatchObject({
      status: 200,
      body: { last_seq: 1 },
    });
  });

  test.each([
    [{}, 'body', 'empty'],
    [{ status: 'CLOSED' }, 'body', 'empty'],
    [{ issue_level: 'HIGH' }, 'issue_level', 'invalid_value'],
    [{ issue_level: null }, 'issue_level', 'invalid_value'],
    [{ support_role: ['ADMIN'] }, 'support_role', 'invalid_value'],
    [{ topic: '  ' }, 'topic', 'too_short'],
  ])('%j is refused', async (body, location, type) => {
    const ticket = await ana.createTicket();
    expect(await kim.call('PATCH', `/tickets/${ticket.id}`, body)).toMatchObject({
      status: 400,
      body: { errors: [{ location, type, in: 'body' }] },
    });
  });
});

test('with CUSTOMER_MAY_SET_LEVEL a customer sets them at creation and by PATCH, but assigns nobody', async () => {
  const open = await startApp({ CUSTOMER_MAY_SET_LEVEL: 'true' });
  try {
    const ben = newPerson(open.url, 'CUSTOMER');
    const ticket = await ben.createTicket({ issue_level: 'URGENT', support_role: 'TECHNICAL' });
    expect(ticket).toMatchObject({ issue_level: 'URGENT', support_role: 'TECHNICAL' });
    const path = `/tickets/${ticket.id}`;
    expect(await ben.call('PATCH', path, { issue_level: 'NORMAL' })).toMatchObject({
      status: 200,
      body: { issue_level: 'NORMAL' },
    });
    expect((await ben.call('PATCH', path, { assigned_to: 'kim' })).status).toBe(403);
  } finally {
    await open.stop();
  }
});

test('every change is stored, answered and sent as the same object', async () => {
  const socket = listenAt(app.url, { auth: { token: ana.token } });
  await eventually(() => expect(socket.events('authorized')).toHaveLength(1));
  const ticket = await ana.createTicket();
  const sent = await ana.send(ticket.id, 'hi');
  const path = `/tickets/${ticket.id}/messages/${sent.body.id}`;
  const edited = await ana.call('PATCH', path, { content: 'hi!' });
  const deleted = await ana.call('DELETE', path);
  const topic = { topic: 'Another topic' };
  const updated = await ana.call<TicketView>('PATCH', `/tickets/${ticket.id}`, topic);
  // What is due is in no entry: `ticket_closing` tells of it.
  const { closing_due_at: _, ...stored } = updated.body;
  const closed = await ana.close(ticket.id, 'done');
  await eventually(() => expect(socket.events('ticket_closed')).toHaveLength(1));
  expect(socket.received.slice(1)).toEqual([
    { event: 'ticket_created', data: ticket },
    { event: 'message', data: sent.body },
    { event: 'edit_message', data: edited.body },
    { event: 'delete_message', data: deleted.body },
    { event: 'ticket_updated', data: stored },
    { event: 'ticket_closed', data: closed.body },
  ]);
  socket.socket.close();
});
