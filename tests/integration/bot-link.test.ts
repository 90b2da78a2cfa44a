import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Actor } from '../../src/domain/access/actor.ts';
import { findAgent, listAgents } from '../../src/domain/agents/agents.ts';
import { createLinkCode, removeLink } from '../../src/domain/agents/link.ts';
import { claimTicket } from '../../src/domain/tickets/assign.ts';
import { agent, type Desk, openDesk, openTicket } from '../support/bridge.ts';
import {
  channelOf,
  type DiscordPerson,
  discordPerson,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;
let kim: DiscordPerson;
let channelId: string;
beforeAll(async () => {
  desk = await openDesk({}, { RATE_LIMIT_FACTOR: '2' });
  kim = discordPerson(desk.sim, 'kim');
  await desk.bot();
  channelId = (await channelOf(desk.sim, (await openTicket(desk.ctx)).number)).id;
});
afterAll(() => desk.end());

let people = 0;
const webAgent = (): Actor => {
  const id = `web-${++people}`;
  return { ...agent, key: `staff||${id}`, id, username: `Web ${people}` };
};

const agents = async () => (await listAgents(desk.ctx, agent, { limit: 100 })).rows;
const inDiscord = async () => (await agents()).find(({ discord_id }) => discord_id === kim.id);

/** Uses /link, and waits for what Discord is told. */
async function link(code: string): Promise<string> {
  const interactions = async () => (await stateOf(desk.sim, '?calls=0&messages=0')).interactions;
  const before = (await interactions()).length;
  await kim.command(channelId, 'link', { code });
  return eventually(async () => {
    const all = await interactions();
    const content = all.length > before && all.at(-1).messages[0]?.content;
    if (!content) throw new Error('no answer yet');
    return content as string;
  });
}

test('who writes in Discord is known, present for a while, with the skills of their roles', async () => {
  expect(await inDiscord()).toBeUndefined();
  await kim.write(channelId, 'Hello, how can I help?');
  await eventually(async () =>
    expect(await inDiscord()).toMatchObject({ presence: 'online', user_id: null, role: 'AGENT' }),
  );
  expect((await inDiscord())?.skills).toEqual(['GENERAL']);
  expect(await textsIn(desk.sim, channelId)).toContain('Hello, how can I help?');
});

test('a code joins both identities once; what was assigned to either stays theirs', async () => {
  const before = await eventually(async () => {
    const row = await inDiscord();
    if (!row) throw new Error('not known yet');
    return row;
  });
  const { id } = await openTicket(desk.ctx);
  const acting: Actor = { ...agent, key: `staff|discord|${kim.id}`, id: kim.id, origin: 'discord' };
  await claimTicket(desk.ctx, acting, id);
  const web = webAgent();
  const { code, expires_at } = await createLinkCode(desk.ctx, web);
  expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/);
  expect(expires_at).toBeGreaterThan(Date.now());
  expect(await link('00000000')).toMatch(
    /^That did not work: this code is wrong, used or out of date/,
  );
  const typed = `${code.slice(0, 4).toLowerCase()}-${code.slice(4)} `;
  expect(await link(typed)).toContain(`You and ${web.username} are one person now`);
  const joined = await inDiscord();
  expect(joined).toMatchObject({ user_id: web.id, name: web.username, skills: ['GENERAL'] });
  // The one that was answered above, and the one that was claimed.
  expect(joined).toMatchObject({ id: web.id, open_tickets: 2 });
  expect(await findAgent(desk.ctx, before.id)).toMatchObject({ id: joined?.id });
  expect((await agents()).filter(({ id }) => id === before.id)).toEqual([]);
  // Used up, and nobody is joined twice.
  expect(await link(code)).toContain('you are joined with an identity in Discord already');
  await expect(createLinkCode(desk.ctx, web)).rejects.toMatchObject({ code: 'CONFLICT' });

  await removeLink(desk.ctx, web);
  expect(await inDiscord()).toBeUndefined();
  await expect(removeLink(desk.ctx, web)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('an old code, a replaced one and one that was tried too often do nothing', async () => {
  const web = webAgent();
  const { code: first } = await createLinkCode(desk.ctx, web);
  const { code: second } = await createLinkCode(desk.ctx, web);
  expect(await link(first)).toContain('is wrong, used or out of date');
  await desk.ctx.db.linkCodes.updateMany({}, { $set: { expires: new Date(Date.now() - 1) } });
  expect(await link(second)).toContain('is wrong, used or out of date');
  const { code: third } = await createLinkCode(desk.ctx, web);
  let answer = '';
  for (let tries = 0; tries < 12 && !answer.includes('ratelimited'); tries++) {
    answer = await link('11111111');
  }
  expect(answer).toContain('You are being ratelimited only 10 request are allowed');
  expect(await link(third)).toContain('ratelimited');
  expect((await agents()).find(({ user_id }) => user_id === web.id)?.discord_id).toBeNull();
  // What is stored of a code is not the code.
  const [row] = await desk.ctx.db.linkCodes.find().lean();
  expect(JSON.stringify(row)).not.toContain(third);
});
