import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { IDLE, idleWork } from '../../src/domain/automation/idle.ts';
import type { DueRow } from '../../src/models/consumer.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson } from '../support/people.ts';
import { upTo } from '../support/sound-log.ts';
import { laterBy } from '../support/uploads.ts';

const HOUR = 3_600_000;
let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ IDLE_WARNING_HOURS: '1' });
});
afterAll(() => app.stop());

/** Has what is due for a ticket done, so many hours from now. */
const lookAfter = (hours: number, key: string) =>
  idleWork[IDLE]?.run(
    laterBy(app.ctx, hours * HOUR),
    { key } as DueRow,
    new AbortController().signal,
  );

test('a silence is warned of once, however much others than the customer have done since', async () => {
  const [ana, kim] = [newPerson(app.url), newPerson(app.url, 'AGENT')];
  const { id } = await ana.createTicket();
  const answer = await kim.send(id, 'Is it solved?');
  // The last thing that Ana does, which is no message.
  const react = `/tickets/${id}/messages/${answer.body.id}/reactions/👀`;
  expect((await ana.call('PUT', react)).status).toBe(200);
  await lookAfter(2, id);
  const said = async () => (await ana.list(id)).body.map(({ content }) => content);
  const warned = [answer.body.content, expect.stringContaining('We have not heard from you')];
  expect(await said()).toEqual(warned);
  for (const n of upTo(25)) {
    const changed = await kim.call('PATCH', `/tickets/${id}`, { topic: `Parcel ${n}` });
    expect(changed.status).toBe(200);
  }
  await lookAfter(3, id);
  expect(await said()).toEqual(warned);
  // A new act begins a new silence.
  expect((await ana.call('DELETE', react)).status).toBe(200);
  await lookAfter(3, id);
  expect(await said()).toEqual([...warned, warned[1]]);
});
