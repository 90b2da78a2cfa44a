import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { agent, type Desk, openDesk } from '../support/bridge.ts';
import {
  channelOf,
  type DiscordPerson,
  discordPerson,
  type SimState,
  stateOf,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { FORUM, forumTools, patience } from '../support/forum.ts';

let desk: Desk;
let boss: DiscordPerson;
const { forumBot, forums, mirrorOf, posted, whoSees } = forumTools(() => desk);

beforeAll(async () => {
  desk = await openDesk();
  boss = discordPerson(desk.sim, 'admin');
});
afterAll(() => desk.end());
afterEach(() => desk.stopBots());

const general = ['kim', 'manager', 'admin'];

test.each([true, false])(
  'a forum of others to which the guidelines were copied is left alone, though it is older (posts in the bot’s own: %s)',
  async (hasPosts) => {
    const { ctx, sim } = desk;
    const path = `/guilds/${sim.state.guildId}/channels`;
    const help = await boss.call<SimState>('POST', path, { name: 'help', type: FORUM });
    const issue_level = hasPosts ? 'CRITICAL' : 'URGENT';
    const kind = { issue_level, support_role: 'TECHNICAL' };
    const first = await forumBot();
    const { id, post } = await posted(['one'], kind);
    if (!hasPosts) {
      await closeTicket(ctx, agent, id, {});
      await eventually(async () => expect((await mirrorOf(id))?.state).toBe('done'), patience);
    }
    await first.stop();
    const [own] = await forums(issue_level, 'TECHNICAL');
    await boss.call('PATCH', `/channels/${help.id}`, { topic: own?.topic });
    const seen = await whoSees(help.id);
    expect(seen).toContain('member');
    await forumBot();
    const next = await posted(['two'], kind);
    expect(next.post.parent_id).toBe(post.parent_id);
    const other = await posted(['three'], { ...kind, support_role: 'GENERAL' });
    expect(other.post.parent_id).not.toBe(help.id);
    const calls = (await stateOf(sim, '?messages=0')).calls as SimState[];
    const changes = calls.filter((call) => call.method === 'PATCH' && call.path.endsWith(help.id));
    expect(changes.map(({ who }) => who)).not.toContain('bot');
    expect(await whoSees(help.id)).toEqual(seen);
    await boss.call('DELETE', `/channels/${help.id}`);
  },
);

test('a forum in which posts of others stand is not taken for what was copied into its guidelines', async () => {
  const { sim } = desk;
  const first = await forumBot();
  const secret = await posted(['one'], { issue_level: 'URGENT', support_role: 'ADMIN' });
  expect(await whoSees(secret.post.id)).toEqual(['manager', 'admin']);
  await first.stop();
  const topic = 'Ours. [deskcord URGENT GENERAL]';
  await boss.call('PATCH', `/channels/${secret.post.parent_id}`, { topic });
  await forumBot();
  const plain = await posted(['two'], { issue_level: 'URGENT', support_role: 'GENERAL' });
  expect(plain.post.parent_id).not.toBe(secret.post.parent_id);
  expect(await whoSees(plain.post.id)).toEqual(general);
  expect(await whoSees(secret.post.id)).toEqual(['manager', 'admin']);
  expect((await channelOf(sim, secret.number)).parent_id).toBe(secret.post.parent_id);
});
