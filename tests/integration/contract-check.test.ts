import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Server } from 'socket.io';
import { takeViolations } from '../support/contract-check.ts';
import { listenAt } from '../support/people.ts';

/** A server that keeps the contract in nothing but its addresses. */
const http = createServer((req, res) => {
  const [status, body] = JSON.parse(decodeURIComponent(req.url?.split('?')[1] ?? ''));
  res.writeHead(status, { 'X-Request-Id': 'x', 'Content-Type': 'application/json' });
  res.end(JSON.stringify(body));
});
const io = new Server(http);
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
afterAll(() => io.close());

const ticket = {
  id: '0123456789abcdef01234567',
  user_id: '1',
  topic: 't',
  description: 'd',
  status: 'OPEN',
  created_at: 1,
  updated_at: 1,
  changed_at: 1,
  reference: 'TICK-19700101-0001',
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
  reopened: 0,
  reopen_until: null,
  close_request: null,
  user_role: 'CUSTOMER',
  support_role: 'GENERAL',
  issue_level: 'NORMAL',
  number: 1,
  username: 'Ana',
  assigned_to: null,
  closed_at: null,
  close_reason: null,
  last_seq: 0,
};
const missing = { error: 'NOT_FOUND', message: 'ticket not found' };

test.each([
  ['the ticket itself', 200, ticket, undefined],
  ['a field more', 200, { ...ticket, secret: 1 }, 'has more than the contract'],
  ['a field less', 200, { ...ticket, topic: undefined }, 'topic'],
  ['another type', 200, { ...ticket, number: '1' }, 'number'],
  ['a status that is not named', 202, ticket, 'has no such answer'],
  ['the refusal itself', 404, missing, undefined],
  ['a refusal with a field more', 404, { ...missing, stack: '' }, 'has more than the contract'],
  ['a refusal with another status', 403, missing, 'NOT_FOUND with status 403'],
  ['a refusal the row does not name', 409, { ...missing, error: 'CONFLICT' }, 'does not name'],
])('of an answer, %s is found', async (_what, status, body, violation) => {
  const query = encodeURIComponent(JSON.stringify([status, body]));
  await fetch(`${url}/api/v1/tickets/${ticket.id}?${query}`);
  const found = await takeViolations();
  if (violation === undefined) expect(found).toEqual([]);
  else expect(found).toEqual([expect.stringContaining(violation)]);
});

test('of events and acknowledgements, what the contract does not name is found', async () => {
  io.on('connection', (socket) => {
    socket.emit('ticket_created', { ...ticket, secret: 1 });
    socket.emit('unheard_of', {});
    socket.on('typing', (_input, ack) => ack({ ok: true, secret: 1 }));
    socket.on('read', (_input, ack) => ack({ ok: false, error: 'NO_SUCH_CODE', message: '' }));
  });
  const { socket, ask } = listenAt(url);
  await ask('typing', {});
  await ask('read', {});
  socket.disconnect();
  expect(await takeViolations()).toEqual([
    expect.stringContaining('event ticket_created has more than the contract'),
    'event unheard_of is not in the contract',
    expect.stringContaining('acknowledgement of typing has more than the contract'),
    expect.stringContaining('refusal of read: error'),
  ]);
});
