import { expect, test } from '@jest/globals';
import { Client, type Guild } from 'discord.js';
import { findGuild } from '../../bot/guild.ts';
import { packChosen, unpackChosen } from '../../bot/setup/plan.ts';
import { readConfig } from '../../src/config.ts';

const first = '100000000000000001';
const second = '100000000000000002';

/** Which guild is found by a bot that is in these. */
function find(guildIds: string[], GUILD_ID = '') {
  const client = new Client({ intents: [] });
  for (const id of guildIds) client.guilds.cache.set(id, { id } as Guild);
  const env = { JWT_SECRET_KEY: 'x'.repeat(40), DISCORD_BOT_TOKEN: 'y'.repeat(40), GUILD_ID };
  const { discord } = readConfig(env);
  if (!discord) throw new Error('there is no Discord in this configuration');
  return findGuild({ client, discord });
}

test('the only server is the one to work in; in several GUILD_ID has to say which', () => {
  expect(find([first])).toEqual({ id: first });
  expect(find([first, second], second)).toEqual({ id: second });
  expect(find([])).toEqual({ reason: expect.stringContaining('invite it by https://discord.com') });
  expect(find([first], second)).toEqual({
    reason: expect.stringContaining(`not in the guild ${second}`),
  });
  const several = { reason: expect.stringMatching(/in 2 servers: set GUILD_ID .*0001.*0002/) };
  expect(find([first, second])).toEqual(several);
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
