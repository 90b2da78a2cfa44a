import { expect, test } from '@jest/globals';
import { DeskError } from '../../client/errors.ts';
import { type NewTicketChange, NewTickets, pendingId } from '../../client/new-tickets.ts';
import { Outbox } from '../../client/outbox.ts';
import type { OutboxItem } from '../../client/outbox-item.ts';
import { createMemoryStorage, type OutboxStorage } from '../../client/storage.ts';
import type { FileView, MessageView } from '../../src/contract/messages.ts';
import type { CreateTicketBody, TicketView } from '../../src/contract/tickets.ts';
import { eventually } from '../support/eventually.ts';

const clock = {
  now: () => 1000,
  after: (_ms: number, work: () => void) => {
    const timer = setTimeout(work, 1);
    return () => clearTimeout(timer);
  },
};
const onError = (error: DeskError) => {
  throw error;
};

/** A server that answers each try as scripted, and afterwards with a ticket. */
function createNewTickets(storage: OutboxStorage, script: DeskError[] = []) {
  const tries: CreateTicketBody[] = [];
  const changes: NewTicketChange[] = [];
  let ids = 0;
  const newTickets = new NewTickets({
    ...{ storage, clock, onError, random: () => 1 },
    newId: () => `id-${++ids}`,
    async create(body) {
      tries.push(body);
      const error = script.shift();
      if (error) throw error;
      return { id: `ticket-of-${body.client_id}` } as TicketView;
    },
    onChange: (change) => changes.push(change),
  });
  return { newTickets, tries, changes };
}

test('a ticket asked for while nobody answers is asked for again with the same client_id, once it is accepted no more', async () => {
  const lost = new DeskError('NETWORK', 'gone');
  const { newTickets, tries } = createNewTickets(createMemoryStorage(), [lost, lost]);
  await newTickets.restore();
  const { created } = newTickets.add('Help', 'Help me');
  expect(await created).toBe('ticket-of-id-1');
  expect(tries.map(({ client_id }) => client_id)).toEqual(['id-1', 'id-1', 'id-1']);
  expect(newTickets.items).toEqual([]);
});

test('what an earlier page has stored is created by the next one; a third learns what it has become', async () => {
  const storage = createMemoryStorage();
  // It has not restored, so it sends nothing: as a page that is closed at once.
  createNewTickets(storage).newTickets.add('Help', 'Help me');
  await eventually(async () => expect(await storage.keys('newticket/')).toHaveLength(1));
  const { newTickets, changes } = createNewTickets(storage);
  await newTickets.restore();
  await eventually(() => expect(changes.at(-1)?.state).toBe('created'));
  expect(await storage.keys('newticket/')).toEqual([]);
  const third = createNewTickets(storage);
  expect(await third.newTickets.findCreated(pendingId('id-1'))).toBe('ticket-of-id-1');
});

test('a refused ticket stays until it is tried again or discarded', async () => {
  const refused = new DeskError('BAD_REQUEST', 'no');
  const { newTickets, changes } = createNewTickets(createMemoryStorage(), [refused, refused]);
  await newTickets.restore();
  newTickets.add('Help', 'Help me').created.catch(() => {});
  await eventually(() => expect(newTickets.items[0]?.state).toBe('failed'));
  newTickets.retry('id-1');
  await eventually(() => expect(newTickets.items[0]?.state).toBe('failed'));
  newTickets.discard('id-1');
  expect(newTickets.items).toEqual([]);
  expect(changes.at(-1)?.state).toBe('discarded');
});

test('messages and files written for a ticket that does not exist yet follow it, in order, each file once', async () => {
  const storage = createMemoryStorage();
  const sent: OutboxItem[] = [];
  const uploads: string[] = [];
  const script = [new DeskError('NETWORK', 'cut')];
  const outbox = new Outbox({
    ...{ storage, clock, onError, random: () => 1 },
    newId: () => `message-${uploads.length}-${Math.random()}`,
    async upload(ticketId, file, name) {
      const error = script.shift();
      if (error) throw error;
      uploads.push(`${ticketId}/${name}/${await file.text()}`);
      return { id: name } as FileView;
    },
    async send(item) {
      sent.push(item);
      return { ticket_id: item.ticket_id, client_id: item.client_id } as MessageView;
    },
    onChange: () => {},
  });
  await outbox.restore();
  await storage.blobs?.set('k', new Blob(['bytes']));
  const pending = pendingId('x');
  outbox.add(pending, 'first');
  outbox.add(pending, '', {
    uploads: [{ key: 'k', name: 'leaf.png', type: 'image/png', size: 5 }],
  });
  expect(sent).toEqual([]);
  outbox.move(pending, 'real');
  await eventually(() => expect(sent).toHaveLength(2));
  expect(sent.map(({ ticket_id, content, files }) => [ticket_id, content, files.length])).toEqual([
    ['real', 'first', 0],
    ['real', '', 1],
  ]);
  expect(uploads).toEqual(['real/leaf.png/bytes']);
  expect(await storage.blobs?.get('k')).toBeUndefined();
  await eventually(async () => expect(await storage.keys('outbox/')).toEqual([]));
});

test('a message that has not left can be called off, and its file is forgotten', async () => {
  const storage = createMemoryStorage();
  const outbox = new Outbox({
    ...{ storage, clock, onError, random: () => 1, newId: () => 'm' },
    upload: (_id, _file, _name, { signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
      }),
    send: () => Promise.reject(new DeskError('NETWORK', 'never')),
    onChange: () => {},
  });
  await outbox.restore();
  await storage.blobs?.set('k', new Blob(['bytes']));
  const file = { key: 'k', name: 'leaf.png', type: 'image/png', size: 5 };
  const { accepted } = outbox.add('ticket', '', { uploads: [file] });
  expect(outbox.cancel('ticket', 'm')).toBe(true);
  await expect(accepted).rejects.toMatchObject({ code: 'DISCARDED' });
  expect(outbox.items('ticket')).toEqual([]);
  await eventually(async () => expect(await storage.blobs?.get('k')).toBeUndefined());
});
