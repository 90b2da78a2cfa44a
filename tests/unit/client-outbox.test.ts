import { describe, expect, test } from '@jest/globals';
import { retryDelay } from '../../client/backoff.ts';
import type { Clock } from '../../client/clock.ts';
import { DeskError } from '../../client/errors.ts';
import { Outbox, type OutboxChange } from '../../client/outbox.ts';
import type { OutboxItem } from '../../client/outbox-item.ts';
import {
  createLocalStorage,
  createMemoryStorage,
  type OutboxStorage,
} from '../../client/storage.ts';
import type { MessageView } from '../../src/contract/messages.ts';

const TICKET = 'a'.repeat(24);

/** A clock that stands still until it is told to go on. */
function createFakeClock() {
  let now = 1000;
  let waiting: { at: number; work: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    after(ms, work) {
      const one = { at: now + ms, work };
      waiting.push(one);
      return () => {
        waiting = waiting.filter((other) => other !== one);
      };
    },
  };
  const settle = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  return {
    clock,
    settle,
    delays: () => waiting.map(({ at }) => at - now),
    async advance(ms: number) {
      now += ms;
      const due = waiting.filter(({ at }) => at <= now);
      waiting = waiting.filter(({ at }) => at > now);
      for (const { work } of due) work();
      await settle();
    },
  };
}

type Answer = 'ok' | DeskError;

/** A server that answers each try as scripted, and afterwards with success. */
function createOutbox(storage: OutboxStorage, script: Answer[] = [], prefix = 'id') {
  const time = createFakeClock();
  const tries: OutboxItem[] = [];
  const changes: OutboxChange[] = [];
  let ids = 0;
  const outbox = new Outbox({
    storage,
    clock: time.clock,
    random: () => 1,
    newId: () => `${prefix}-${++ids}`,
    async send(item) {
      tries.push(item);
      const answer = script.shift() ?? 'ok';
      if (answer !== 'ok') throw answer;
      return {
        ticket_id: item.ticket_id,
        client_id: item.client_id,
        content: item.content,
      } as MessageView;
    },
    onChange: (change) => changes.push(change),
    onError: (error) => {
      throw error;
    },
  });
  void outbox.restore();
  return { outbox, tries, changes, ...time };
}

const lost = () => new DeskError('NETWORK', 'gone');

describe('the outbox', () => {
  test('what fails is tried with the same client id, later each time, before anything behind it', async () => {
    const { outbox, tries, settle, advance, delays } = createOutbox(createMemoryStorage(), [
      lost(),
      lost(),
      lost(),
    ]);
    outbox.add(TICKET, 'one');
    outbox.add(TICKET, 'two');
    await settle();
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) {
      waits.push(...delays());
      await advance(delays()[0] ?? 0);
    }
    expect(waits).toEqual([500, 1000, 2000]);
    expect(tries.map(({ client_id }) => client_id)).toEqual([
      'id-1',
      'id-1',
      'id-1',
      'id-1',
      'id-2',
    ]);
    expect(outbox.items(TICKET)).toEqual([]);
  });

  test('an answer to what is no longer there goes out without it, under the same client id', async () => {
    const errors = [{ location: 'reply_to', message: 'gone', type: 'unknown_message', in: 'body' }];
    const refused = new DeskError('BAD_REQUEST', 'no', { errors: errors as never });
    const { outbox, tries, changes, settle } = createOutbox(createMemoryStorage(), [refused]);
    outbox.add(TICKET, 'one', { reply_to: 'gone' });
    await settle();
    expect(tries.map(({ client_id, reply_to }) => [client_id, reply_to])).toEqual([
      ['id-1', 'gone'],
      ['id-1', undefined],
    ]);
    expect(changes.at(-1)?.state).toBe('sent');
  });

  test('a rate limit is waited for, even when a connection comes', async () => {
    const limited = new DeskError('RATELIMIT', 'slowly', { retryAfter: 30 });
    const { outbox, tries, settle, advance, delays } = createOutbox(createMemoryStorage(), [
      limited,
    ]);
    outbox.add(TICKET, 'one');
    await settle();
    outbox.wake();
    await settle();
    expect(tries).toHaveLength(1);
    expect(delays()[0]).toBeGreaterThanOrEqual(30_000);
    await advance(31_000);
    expect(tries).toHaveLength(2);
  });

  test('a connection cuts the wait short', async () => {
    const { outbox, tries, settle } = createOutbox(createMemoryStorage(), [lost()]);
    outbox.add(TICKET, 'one');
    await settle();
    outbox.wake();
    await settle();
    expect(tries).toHaveLength(2);
  });

  test.each(['BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT'] as const)(
    '%s is final: the message has failed, the next one goes, and retry keeps the id',
    async (code) => {
      const { outbox, tries, changes, settle } = createOutbox(createMemoryStorage(), [
        new DeskError(code, 'no'),
      ]);
      const { accepted } = outbox.add(TICKET, 'one');
      outbox.add(TICKET, 'two');
      await expect(accepted).rejects.toThrow('no');
      await settle();
      expect(outbox.items(TICKET)).toMatchObject([
        { client_id: 'id-1', state: 'failed', reason: { code } },
      ]);
      expect(changes.filter(({ state }) => state === 'sent')).toHaveLength(1);
      outbox.retry(TICKET, 'id-1');
      await settle();
      expect(tries.map(({ client_id }) => client_id)).toEqual(['id-1', 'id-2', 'id-1']);
      expect(outbox.items(TICKET)).toEqual([]);
    },
  );

  test('what is not accepted is there after a reload, in order, and what was accepted is not', async () => {
    const storage = createMemoryStorage();
    const before = createOutbox(storage, ['ok', lost()], 'before');
    for (const content of ['one', 'two', 'three']) before.outbox.add(TICKET, content);
    await before.settle();
    before.outbox.close();
    const after = createOutbox(storage, [], 'after');
    await after.outbox.restore();
    after.outbox.add(TICKET, 'four');
    await after.settle();
    expect(after.tries.map(({ client_id, content }) => [client_id, content])).toEqual([
      ['before-2', 'two'],
      ['before-3', 'three'],
      ['after-1', 'four'],
    ]);
    expect(await storage.keys('outbox/')).toEqual([]);
  });

  test('a message that shows up in the log has arrived, whatever became of the answer', async () => {
    const storage = createMemoryStorage();
    const { outbox, tries, settle, advance } = createOutbox(storage, [lost()]);
    const { accepted } = outbox.add(TICKET, 'one');
    await settle();
    outbox.note({ ticket_id: TICKET, client_id: 'id-1', seq: 7 } as MessageView);
    expect(await accepted).toMatchObject({ seq: 7 });
    await advance(60_000);
    expect(tries).toHaveLength(1);
    expect(await storage.keys('outbox/')).toEqual([]);
  });

  test('two tabs: what one has sent the other does not send again', async () => {
    const storage = createMemoryStorage();
    const first = createOutbox(storage, [lost()], 'first');
    const second = createOutbox(storage, [lost()], 'second');
    first.outbox.add(TICKET, 'one');
    await first.settle();
    await second.outbox.restore();
    await second.settle();
    expect(second.tries).toHaveLength(1);
    await first.advance(500);
    await second.advance(500);
    expect(first.tries).toHaveLength(2);
    expect(second.tries).toHaveLength(1);
    expect(second.outbox.items(TICKET)).toEqual([]);
  });

  test('a failed message can be discarded', async () => {
    const storage = createMemoryStorage();
    const { outbox, settle } = createOutbox(storage, [new DeskError('CONFLICT', 'closed')]);
    outbox.add(TICKET, 'one');
    await settle();
    outbox.discard(TICKET, 'id-1');
    await settle();
    expect(outbox.items(TICKET)).toEqual([]);
    expect(await storage.keys('outbox/')).toEqual([]);
  });
});

test('the delay is a random part of a time that doubles up to 30 s, or what the server asks for', () => {
  expect(retryDelay(1, () => 0.5, {} as DeskError)).toBe(250);
  expect(retryDelay(20, () => 1, {} as DeskError)).toBe(30_000);
  expect(retryDelay(1, () => 0.5, { retryAfter: 7 })).toBe(7500);
});

test('localStorage keeps namespaces apart', () => {
  const values = new Map<string, string>();
  const web = {
    get length() {
      return values.size;
    },
    key: (index: number) => [...values.keys()][index] ?? null,
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  };
  const ana = createLocalStorage('desk:ana', web);
  const ben = createLocalStorage('desk:ben', web);
  void ana.set('outbox/1', 'hers');
  void ben.set('outbox/1', 'his');
  expect(ana.keys('outbox/')).toEqual(['outbox/1']);
  expect(ana.get('outbox/1')).toBe('hers');
});
