import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Desk, openDesk, openTicket, seen } from '../support/bridge.ts';
import { channelOf, discordPerson, fault, stateOf } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());

interface SimCall {
  method: string;
  path: string;
}

test('while nothing happens the bot asks a channel for what is new only, and seldom', async () => {
  await desk.bot({ catchUpMs: 300 });
  const ticket = await openTicket(desk.ctx);
  const { id } = await channelOf(desk.sim, ticket.number);
  const kim = discordPerson(desk.sim, 'kim');
  for (let n = 0; n < 3; n++) await kim.write(id, `line ${n}`);
  await eventually(async () => expect(await seen(desk.ctx, ticket.id)).toHaveLength(3));
  const reads = async (): Promise<string[]> => {
    const { calls } = await stateOf(desk.sim, '?messages=0');
    return calls
      .filter(({ method, path }: SimCall) => method === 'GET' && path.includes(`${id}/messages`))
      .map(({ path }: SimCall) => path);
  };
  const before = (await reads()).length;
  const since = await eventually(
    async () => {
      const looks = (await reads()).slice(before);
      expect(looks.length).toBeGreaterThanOrEqual(6);
      return looks;
    },
    { timeout: 20_000 },
  );
  // A look that compares the last hundred comes once in twenty.
  expect(since.filter((path) => !path.includes('after=')).length).toBeLessThanOrEqual(1);
  // What the gateway loses is found all the same.
  await fault(desk.sim, { kind: 'gateway-lose', ms: 200, events: ['MESSAGE_CREATE'] });
  await kim.write(id, 'lost on the way');
  await eventually(
    async () => expect((await seen(desk.ctx, ticket.id)).at(-1)?.content).toBe('lost on the way'),
    { timeout: 10_000 },
  );
}, 120_000);
