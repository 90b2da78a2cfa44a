import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { userKey } from '../../src/domain/access/actor.ts';
import type { DomainEvent } from '../../src/domain/events.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, mintToken } from '../support/people.ts';
import { upTo } from '../support/sound-log.ts';

let app: RunningApp;
let told: Extract<DomainEvent, { kind: 'presence' }>[] = [];
let stop: () => void;

beforeAll(async () => {
  app = await startApp();
  stop = app.ctx.bus.subscribe((event) => {
    if (event.kind === 'presence') told.push(event);
  });
});
afterAll(() => {
  stop();
  return app.stop();
});

const ask = (id: string, nth: number) =>
  app.ctx.bus.publish({
    kind: 'presence_asked',
    ticket_id: nth.toString(16).padStart(24, '0'),
    owner: userKey('customer', id),
  });

/** Connects somebody, and waits until they are there. */
async function come(id: string) {
  const { socket, ask: emit } = listenAt(app.url);
  await emit('authorize', { token: mintToken({ id, role: 'CUSTOMER' }) });
  return socket;
}
const cameFor = (id: string) =>
  told.filter(({ owner, here }) => here && owner === userKey('customer', id));

test('who was asked for is told of once they come, for at most 20 of their tickets, and once', async () => {
  for (const n of upTo(25)) ask('ana', n);
  expect(told.map(({ here }) => here)).toEqual(Array(25).fill(false));
  const socket = await come('ana');
  await eventually(() => expect(cameFor('ana')).toHaveLength(20));
  const second = await come('ana');
  ask('ana', 30);
  // Somebody who is there is answered for at once.
  expect(cameFor('ana')).toHaveLength(21);
  socket.disconnect();
  second.disconnect();
});

test('of 5,000 who were asked for the one longest ago is forgotten', async () => {
  told = [];
  for (let n = 0; n <= 5000; n++) ask(`customer-${n}`, n);
  const sockets = [await come('customer-0'), await come('customer-1'), await come('customer-5000')];
  await eventually(() => expect(cameFor('customer-5000')).toHaveLength(1));
  expect(cameFor('customer-1')).toHaveLength(1);
  expect(cameFor('customer-0')).toEqual([]);
  for (const socket of sockets) socket.disconnect();
});
