import { createHash } from 'node:crypto';
import { emptyChannel } from './empty-channel.ts';
import { ChannelType, type Overwrite, type Role, type User } from './entities.ts';
import { EVERYONE_PERMISSIONS, P } from './permissions.ts';
import { CHANNELS, PEOPLE, ROLES } from './seed-data.ts';
import { snowflakeAt } from './snowflake.ts';
import type { World } from './world.ts';

const FOUNDED = Date.UTC(2024, 4, 1);

export interface Person {
  id: string;
  username: string;
  name: string;
  token: string;
  roles: string[];
}

/** Ids, names and tokens of the seed: what a test or an operator needs to begin. The same on every start. */
export interface Directory {
  guildId: string;
  applicationId: string;
  bot: { id: string; username: string; token: string };
  roles: Record<keyof typeof ROLES | 'everyone', string>;
  people: Record<keyof typeof PEOPLE, Person>;
  channels: Record<keyof typeof CHANNELS, string>;
  /** Id of the server's one sticker. */
  sticker: string;
  errorsWebhook: { id: string; token: string; url: string };
  /** The guilds beside the first. */
  others: OtherGuild[];
}

/** Another guild, with the same people in the same roles; `setup` would find its parts by their names. */
export type OtherGuild = Pick<Directory, 'guildId' | 'roles' | 'channels'>;

/** Ids of the second guild are those of the first, this much further; of the third twice as much. */
const APART = 1000;

/** Fills an empty world with one small support server. Its categories are open: privacy is the bot's job. */
export function plantSeed(world: World): Directory {
  const guildId = seedId(1);
  const botId = seedId(2);
  const owner = PEOPLE.admin;
  world.guild = {
    ...world.guild,
    id: guildId,
    name: 'Deskcord Support',
    owner_id: seedId(owner.n),
  };
  Object.assign(world.application, { id: botId, name: 'Deskcord' });
  const roles = plantRoles(world, guildId, botId, seedId);
  addUser(world, { id: botId, username: 'deskcord', name: 'Deskcord', bot: true });
  join(world, botId, [roles.bot]);
  const people = {} as Directory['people'];
  for (const [key, { n, name, role }] of Object.entries(PEOPLE)) {
    const id = seedId(n);
    const held = role === undefined ? [] : [roles[role]];
    const username = name.toLowerCase();
    addUser(world, { id, username, name, bot: false });
    join(world, id, held);
    people[key as keyof typeof PEOPLE] = { id, username, name, token: tokenOf(id), roles: held };
  }
  const channels = plantChannels(world, guildId, roles, seedId);
  return {
    guildId,
    applicationId: botId,
    bot: { id: botId, username: 'deskcord', token: tokenOf(botId) },
    roles: { everyone: guildId, ...roles },
    people,
    channels,
    sticker: plantSticker(world),
    errorsWebhook: plantWebhook(world, channels.errors),
    others: [],
  };
}

/**
 * Fills the world of another guild.
 * @param nth 1 for the second guild
 */
export function plantOther(world: World, first: Directory, nth: number): OtherGuild {
  const idOf = (n: number) => seedId(n + nth * APART);
  const guildId = idOf(1);
  const name = `Deskcord Support ${nth + 1}`;
  world.guild = { ...world.guild, id: guildId, name, owner_id: first.people.admin.id };
  const roles = plantRoles(world, guildId, first.bot.id, idOf);
  join(world, first.bot.id, [roles.bot]);
  for (const [key, { role }] of Object.entries(PEOPLE)) {
    const { id } = first.people[key as keyof typeof PEOPLE];
    join(world, id, role === undefined ? [] : [roles[role]]);
  }
  return {
    guildId,
    roles: { everyone: guildId, ...roles },
    channels: plantChannels(world, guildId, roles, idOf),
  };
}

function plantRoles(
  world: World,
  guildId: string,
  botId: string,
  idOf: (n: number) => string,
): Record<keyof typeof ROLES, string> {
  const everyone = { n: 1, name: '@everyone', permissions: EVERYONE_PERMISSIONS, color: 0 };
  const ids = {} as Record<keyof typeof ROLES, string>;
  const add = (
    id: string,
    position: number,
    role: { name: string; permissions: bigint; color: number },
  ) => {
    const full: Role = {
      id,
      name: role.name,
      color: role.color,
      hoist: position > 0,
      position,
      permissions: role.permissions.toString(),
      managed: false,
      mentionable: false,
    };
    world.roles.set(id, full);
    return full;
  };
  add(guildId, 0, everyone);
  Object.entries(ROLES).forEach(([key, role], index) => {
    const id = idOf(role.n);
    ids[key as keyof typeof ROLES] = id;
    const added = add(id, index + 1, role);
    if (key === 'bot') Object.assign(added, { managed: true, bot_id: botId });
  });
  return ids;
}

function plantChannels(
  world: World,
  guildId: string,
  roles: Record<keyof typeof ROLES, string>,
  idOf: (n: number) => string,
): Directory['channels'] {
  const ids = {} as Directory['channels'];
  const hidden: Overwrite = { id: guildId, type: 0, allow: '0', deny: P.VIEW_CHANNEL.toString() };
  const shown = (id: string): Overwrite => ({
    id,
    type: 0,
    allow: (P.VIEW_CHANNEL | P.SEND_MESSAGES).toString(),
    deny: '0',
  });
  const staffOnly = [hidden, ...Object.values(roles).map(shown)];
  Object.entries(CHANNELS).forEach(([key, { n, name, type }], position) => {
    const id = idOf(n);
    const open = type === ChannelType.category;
    ids[key as keyof typeof CHANNELS] = id;
    world.channels.set(id, emptyChannel({ id, guild_id: guildId, name, type, position }));
    if (!open) Object.assign(world.channels.get(id) ?? {}, { permission_overwrites: staffOnly });
  });
  return ids;
}

function plantWebhook(world: World, channelId: string): Directory['errorsWebhook'] {
  const id = seedId(41);
  const token = createHash('sha512').update(id).digest('base64url').slice(0, 68);
  world.webhooks.set(id, {
    id,
    type: 1,
    channel_id: channelId,
    name: 'Errors',
    avatar: null,
    token,
    user_id: world.guild.owner_id,
    application_id: null,
  });
  return { id, token, url: `${world.url}/api/webhooks/${id}/${token}` };
}

function plantSticker(world: World): string {
  const id = seedId(51);
  const more = { tags: 'wave', description: 'A hand that waves', format_type: 1 };
  world.stickers.set(id, { id, name: 'Wave', ...more });
  return id;
}

function addUser(
  world: World,
  given: { id: string; username: string; name: string; bot: boolean },
): void {
  const user: User = {
    id: given.id,
    username: given.username,
    global_name: given.bot ? null : given.name,
    discriminator: given.bot ? '0001' : '0',
    avatar: null,
    bot: given.bot,
  };
  world.users.set(user.id, user);
  world.tokens.set(tokenOf(user.id), user.id);
}

function join(world: World, userId: string, roles: string[]): void {
  world.members.set(userId, {
    user_id: userId,
    nick: null,
    roles,
    joined_at: new Date(FOUNDED).toISOString(),
    communication_disabled_until: null,
  });
}

function seedId(n: number): string {
  return snowflakeAt(FOUNDED + n * 1000);
}

/** Built like a real token: the id, a time and a signature, joined by dots. */
function tokenOf(id: string): string {
  const signature = createHash('sha256').update(`token of ${id}`).digest('base64url').slice(0, 38);
  return `${Buffer.from(id).toString('base64url')}.GSimul.${signature}`;
}
