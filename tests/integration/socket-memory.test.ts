import { queryObjects } from 'node:v8';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FrontDoorRequest } from '../../src/http/upgrades.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson } from '../support/people.ts';

const SOCKETS = 20;
let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

/** Requests that something still holds; collects garbage first. */
const heldRequests = () => queryObjects(FrontDoorRequest, { format: 'count' }) as unknown as number;

test('a WebSocket does not hold the request it began with', async () => {
  const ana = newPerson(app.url, 'CUSTOMER');
  const before = heldRequests();
  const open = Array.from({ length: SOCKETS }, () => listenAt(app.url));
  for (const each of open) {
    expect(await each.ask('authorize', { token: ana.token })).toMatchObject({ ok: true });
  }
  await eventually(() => expect(heldRequests() - before).toBeLessThan(SOCKETS / 2));
  for (const { socket } of open) socket.close();
});
