import { expect, test } from '@jest/globals';
import { Client, type Guild } from 'discord.js';
import { findGuild } from '../../bot/guilds/guild.ts';
import { roleParts } from '../../bot/guilds/guild-parts.ts';
import { packShown, type Step, unpackShown } from '../../bot/setup/plan.ts';
import { readConfig } from '../../src/config.ts';

const first = '100000000000000001';
const second = '100000000000000002';

/** Which guild is found by a bot that is in these, after /setup in those and work in that one. */
function find(
  guildIds: string[],
  env: Record<string, string> = {},
  setUp: string[] = [],
  server?: string,
) {
  const client = new Client({ intents: [] });
  for (const id of guildIds) {
    const things = { cache: new Map([[`${id}9`, {}]]) };
    client.guilds.cache.set(id, { id, channels: things, roles: things } as unknown as Guild);
  }
  const minimal = { JWT_SECRET_KEY: 'x'.repeat(40), DISCORD_BOT_TOKEN: 'y'.repeat(40) };
  const { discord } = readConfig({ ...minimal, ...env });
  if (!discord) throw new Error('there is no Discord in this configuration');
  return findGuild({ client, discord }, { server, setUp });
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
  expect(find([first], {}, [second])).toEqual(
    says(`not in the server ${second}, which it worked in or /setup`),
  );
  expect(find([first], { GUILD_ID: first }, [second])).toEqual({ id: first });
  expect(find([first, second], { MANAGER_ROLE_ID: `${second}9` })).toEqual({ id: second });
  expect(find([first, second], {}, [first, second])).toEqual(says('set GUILD_ID'));
});

test('what the environment names is in no server: none is taken, whoever has invited the bot', () => {
  const role = { MANAGER_ROLE_ID: `${second}9` };
  expect(find([first], role)).toEqual(
    says(/what the environment names \(MANAGER_ROLE_ID\).*GUILD_ID/),
  );
  const more = { ...role, ADMIN_ROLE_ID: `${second}8` };
  expect(find([first], more)).toEqual(says('MANAGER_ROLE_ID and the other ids|ADMIN_ROLE_ID and'));
  expect(find([], role)).toEqual(says('in no server: invite it by'));
  expect(find([first], { ...role, GUILD_ID: first })).toEqual({ id: first });
});

test('the server it worked in stays its own: left in another one alone, it waits', () => {
  expect(find([first], {}, [], second)).toEqual(
    says(/not in the server .*2, which it worked in.*GUILD_ID/),
  );
  expect(find([first, second], {}, [], second)).toEqual({ id: second });
  expect(find([first, second], {}, [first, second], second)).toEqual({ id: second });
  expect(find([first], { GUILD_ID: first }, [], second)).toEqual({ id: first });
  // Ids of another server, put into the environment, move it there; a role that is gone moves nothing.
  expect(find([first, second], { MANAGER_ROLE_ID: `${first}9` }, [], second)).toEqual({
    id: first,
  });
  expect(find([first, second], { MANAGER_ROLE_ID: `${first}8` }, [], second)).toEqual({
    id: second,
  });
  expect(find([first], { MANAGER_ROLE_ID: `${second}9` }, [], second)).toEqual(
    says('not in the server'),
  );
});

test('roles that were chosen and the plan that was shown fit into the id of a button, and come back', () => {
  const id = '12345678901234567890';
  const chosen = { ADMIN: id, MANAGER: id, TECHNICAL: id, GENERAL: id };
  const adopt = (part: (typeof roleParts)[number], role: string): Step => ({
    part,
    does: 'adopt',
    id: role,
    why: 'name',
  });
  const steps = roleParts.map((part) => adopt(part, id));
  const packed = `setup-apply:${packShown(chosen, steps)}`;
  expect(packed.length).toBeLessThanOrEqual(100);
  const back = (from: string) => unpackShown(from.split(':').slice(1));
  expect(back(packed).chosen).toEqual(chosen);
  expect(back(packed).fingerprint).toHaveLength(4);
  expect(back(`setup-apply:${packShown({ MANAGER: id }, steps)}`)).toEqual({
    chosen: { MANAGER: id },
    fingerprint: back(packed).fingerprint,
  });
  // What was shown is told from what another role, or another step, would make of it.
  const others = [
    roleParts.map((part) => adopt(part, `${id.slice(0, -1)}1`)),
    roleParts.map((part): Step => ({ part, does: 'create' })),
    [],
  ];
  const prints = others.map((other) => back(`setup-apply:${packShown({}, other)}`).fingerprint);
  expect(new Set([...prints, back(packed).fingerprint]).size).toBe(4);
  expect(back('setup-apply')).toEqual({ chosen: {}, fingerprint: '' });
});
