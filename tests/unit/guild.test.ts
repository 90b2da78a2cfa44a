import { expect, test } from '@jest/globals';
import { Client, type Guild } from 'discord.js';
import { findGuild } from '../../bot/guild.ts';
import { packChosen, unpackChosen } from '../../bot/setup/plan.ts';
import { readConfig } from '../../src/config.ts';

const first = '100000000000000001';
const second = '100000000000000002';

/** Which guild is found by a bot that is in these, after /setup in those. */
function find(guildIds: string[], env: Record<string, string> = {}, setUp: string[] = []) {
  const client = new Client({ intents: [] });
  for (const id of guildIds) {
    const things = { cache: new Map([[`${id}9`, {}]]) };
    client.guilds.cache.set(id, { id, channels: things, roles: things } as unknown as Guild);
  }
  const minimal = { JWT_SECRET_KEY: 'x'.repeat(40), DISCORD_BOT_TOKEN: 'y'.repeat(40) };
  const { discord } = readConfig({ ...minimal, ...env });
  if (!discord) throw new Error('there is no Discord in this configuration');
  return findGuild({ client, discord }, setUp);
}
const says = (text: string | RegExp) => ({ reason: expect.stringMatching(text) });

test('the only server is the one to work in; in several GUILD_ID has to say which', () => {
  expect(find([first])).toEqual({ id: first });
  expect(find([first, second], { GUILD_ID: second })).toEqual({ id: second });
  expect(find([])).toEqual(says('in no server: invite it by https://discord.com'));
  expect(find([first], { GUILD_ID: second })).toEqual(says(`not in the guild ${second}`));
  expect(find([first, second])).toEqual(says(/in 2 servers: set GUILD_ID .*0001.*0002/));
});

test('once its server is known, nobody moves the bot by inviting it to another', () => {
  expect(find([first, second], {}, [second])).toEqual({ id: second });
  expect(find([first], {}, [second])).toEqual(says(`not in the server ${second}, which /setup`));
  expect(find([first], { GUILD_ID: first }, [second])).toEqual({ id: first });
  expect(find([first, second], { MANAGER_ROLE_ID: `${second}9` })).toEqual({ id: second });
  expect(find([first, second], {}, [first, second])).toEqual(says('set GUILD_ID'));
});

test('the roles that were chosen fit into the id of a button, and come back', () => {
  const id = '12345678901234567890';
  const chosen = { ADMIN: id, MANAGER: id, TECHNICAL: id, GENERAL: id };
  const packed = `setup-apply${packChosen(chosen)}`;
  expect(packed.length).toBeLessThanOrEqual(100);
  const [, ...args] = packed.split(':');
  expect(unpackChosen(args)).toEqual(chosen);
  expect(packChosen({})).toBe('');
  const [, ...one] = packChosen({ MANAGER: id }).split(':');
  expect(unpackChosen(one)).toEqual({ MANAGER: id });
});
