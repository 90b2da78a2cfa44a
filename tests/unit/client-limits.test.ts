import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import { UPLOAD_TIMEOUT_MS } from '../../client/calls.ts';
import { createDeskClient } from '../../client/client.ts';
import { CURSORS_AT_AUTHORIZE } from '../../client/feed.ts';
import { TicketLog } from '../../client/ticket-log.ts';
import { sizes } from '../../src/contract/limits.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

test('when the contract changes a number the client has a copy of, then the copy has changed too', () => {
  expect(CURSORS_AT_AUTHORIZE).toBe(sizes.cursorsAtAuthorize);
  expect(UPLOAD_TIMEOUT_MS).toBe(sizes.requestWithin);
});

test('when more than 1,000 events wait behind a hole, then the rest comes with another sync', () => {
  const messageAt = (rev: number) => ({ id: `m${rev}`, seq: rev, rev }) as MessageView;
  const log = new TicketLog(0);
  for (let rev = 2; rev <= 1002; rev++) {
    expect(log.accept({ name: 'message', rev, message: messageAt(rev) })).toEqual([]);
  }
  expect(log.catchUp()).toBe(0);
  const ticket = { id: 't', status: 'OPEN', last_seq: 1 } as TicketView;
  const { events } = log.page({ messages: [messageAt(1)], ticket, head: 1, more: false });
  expect(events.map(({ rev }) => rev)).toEqual(Array.from({ length: 1001 }, (_, i) => i + 1));
  expect(log.behind).toBe(true);
  expect(log.catchUp()).toBe(1001);
});

test('when a server is not available, then a ticket is asked for four times, with one client_id', async () => {
  const asked: { client_id: string }[] = [];
  server = createServer(async (req, res) => {
    asked.push((await json(req)) as { client_id: string });
    const body = JSON.stringify({ error: 'SERVICE_UNAVAILABLE', message: 'away' });
    res.writeHead(503, { 'Retry-After': '2' }).end(body);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const waits: number[] = [];
  const client = createDeskClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    getToken: () => 'a token',
    random: () => 0,
    clock: {
      now: Date.now,
      after(ms, work) {
        waits.push(ms);
        const timer = setImmediate(work);
        return () => clearImmediate(timer);
      },
    },
  });
  await expect(client.tickets.create({ topic: 't', description: 'd' })).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
  });
  expect(asked).toHaveLength(4);
  expect(new Set(asked.map(({ client_id }) => client_id)).size).toBe(1);
  expect(waits).toEqual([2000, 2000, 2000]);
  client.close();
});
