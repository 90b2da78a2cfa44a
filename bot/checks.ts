import {
  type CategoryChannel,
  ChannelType,
  type Guild,
  PermissionFlagsBits as P,
} from 'discord.js';
import { type CategoryPart, categoryParts, guildParts, roleParts } from './guilds/guild-parts.ts';
import { categoryKey, categoryText } from './outbound/places/categories.ts';
import {
  forForums,
  forPersonas,
  inviteUrl,
  lacking,
  missingRoles,
  neededInGuild,
  neededToWrite,
} from './permissions.ts';
import {
  type GuildView,
  idOf,
  isFromEnvironment,
  RUN_SETUP,
  UNSET,
  unsetParts,
  unsetText,
  whyNotStaff,
} from './settings.ts';

/** What the bot itself can do about a problem when it is asked to. */
export type Mend = 'setup' | 'overwrites';

/** One line of `/doctor`; one that is not `ok` is also a problem that is watched for. */
export interface Check {
  /** The problem's key while it is not `ok`. */
  key: string;
  /** What was looked at, in a word or two. */
  name: string;
  ok: boolean;
  /** What was found; where it is not `ok`, what is wrong. */
  text: string;
  /** What is to be done about it, as the rest of the sentence. */
  advice?: string;
  mend?: Mend;
}

/** Channels of a server, and of a category, that Discord allows. */
const MOST_IN_GUILD = 500;
const MOST_IN_CATEGORY = 50;

const neededInCategory = ({ discord }: Pick<GuildView, 'discord'>) => [
  P.ViewChannel,
  P.ManageChannels,
  ...forPersonas(discord),
];
const neededIn = ({ discord }: Pick<GuildView, 'discord'>) => [
  ...neededInGuild,
  ...forPersonas(discord),
  ...forForums(discord),
];
/** What it takes to keep transcripts. */
const neededForTranscripts = [...neededToWrite, P.ReadMessageHistory];

/** What the bot must hold in each of its channels that exists, by the channel's id. */
export function neededByChannel(
  view: Pick<GuildView, 'settings' | 'discord'>,
): Map<string, bigint[]> {
  const { settings } = view;
  const needed = new Map<string, bigint[]>();
  for (const part of guildParts) {
    const id = part.kind === 'role' ? undefined : idOf(settings, part);
    if (!id) continue;
    needed.set(id, part.kind === 'category' ? neededInCategory(view) : neededForTranscripts);
  }
  return needed;
}

/** How a permission that is missing in a channel comes back: by a button where the bot may do it itself. */
function mendOf(view: GuildView, channelId: string): Pick<Check, 'advice' | 'mend'> {
  const isOurs = lacking(view, [P.ViewChannel, P.ManageRoles], channelId).length === 0;
  if (isOurs) return { advice: 'let /doctor give them to it, or do so there', mend: 'overwrites' };
  return { advice: "give the bot's role that in the channel's permissions" };
}

/** Who names a part that is wrong has to name another. */
function renameOf(view: GuildView, part: CategoryPart | (typeof guildParts)[number]) {
  if (isFromEnvironment(view, part)) {
    return { advice: `correct ${part.variable}, or remove it and run /setup, and restart` };
  }
  return { advice: RUN_SETUP, mend: 'setup' as const };
}

function checkPermissions(view: GuildView): Check {
  const missing = lacking(view, neededIn(view));
  const base = { key: 'setup:permissions', name: 'permissions in the server' };
  if (missing.length === 0) return { ...base, ok: true, text: 'all that the work takes' };
  const invite = inviteUrl(view.client.application?.id ?? '', view.settings.guildId, view.discord);
  return {
    ...base,
    ok: false,
    text: `the bot's role lacks ${missing.join(', ')}`,
    advice: `give it that in the server's settings, or invite it again by ${invite}`,
  };
}

function checkUnset(view: GuildView): Check {
  const unset = unsetParts(view.settings).filter((part) => !isFromEnvironment(view, part));
  const base = { key: UNSET, name: 'ids' };
  if (unset.length > 0)
    return { ...base, ok: false, text: unsetText(unset), advice: RUN_SETUP, mend: 'setup' };
  const count = guildParts.filter((part) => isFromEnvironment(view, part)).length;
  return { ...base, ok: true, text: `${count} from the environment, the others from /setup` };
}

function checkCategory(view: GuildView, guild: Guild, part: CategoryPart): Check | undefined {
  const id = view.settings.categories[part.level];
  if (!id) return undefined;
  const name = `category for ${part.level}`;
  const category = guild.channels.cache.get(id);
  if (category?.type !== ChannelType.GuildCategory) {
    const text = categoryText(part.level);
    return { key: categoryKey(part.level), name, ok: false, text, ...renameOf(view, part) };
  }
  const key = `setup:${part.variable}`;
  const barred = lacking(view, neededInCategory(view), id);
  if (barred.length > 0) {
    const text = `the bot lacks ${barred.join(', ')} in the category of ${part.variable}`;
    return { key, name, ok: false, text, ...mendOf(view, id) };
  }
  return { key, name, ok: true, text: `${category.name}, ${headRoom(guild, category)}` };
}

function headRoom(guild: Guild, category: CategoryChannel): string {
  const inside = guild.channels.cache.filter(
    (channel) => !channel.isThread() && channel.parentId === category.id,
  );
  const more = inside.size >= MOST_IN_CATEGORY - 2 ? ': the next tickets go into another one' : '';
  return `${inside.size} of ${MOST_IN_CATEGORY} channels${more}`;
}

function checkTranscripts(view: GuildView, guild: Guild): Check | undefined {
  const id = view.settings.transcriptChannelId;
  if (!id) return undefined;
  const base = { key: 'setup:transcripts', name: 'channel for transcripts' };
  const [part] = guildParts.filter(({ kind }) => kind === 'transcripts');
  const channel = guild.channels.cache.get(id);
  if (!part || !channel?.isTextBased()) {
    const text =
      'TRANSCRIPT_CHANNEL_ID names no text channel of the server: closed tickets keep their channels';
    return { ...base, ok: false, text, ...(part && renameOf(view, part)) };
  }
  const barred = lacking(view, neededForTranscripts, id);
  if (barred.length === 0 && isPublic(guild, id)) {
    const text = 'everybody in the server reads the channel of TRANSCRIPT_CHANNEL_ID';
    return { ...base, ok: false, text, advice: 'deny @everyone View Channel there' };
  }
  if (barred.length === 0) {
    return { ...base, ok: true, text: 'name' in channel ? (channel.name ?? id) : id };
  }
  const text = `the bot lacks ${barred.join(', ')} in the channel of TRANSCRIPT_CHANNEL_ID`;
  return { ...base, ok: false, text, ...mendOf(view, id) };
}

/** True where what is to be kept in the channel for transcripts can be posted there. */
export function canPostTranscripts(view: GuildView, guild: Guild): boolean {
  const id = view.settings.transcriptChannelId;
  const channel = id ? guild.channels.cache.get(id) : undefined;
  if (!id || !channel?.isTextBased()) return false;
  return lacking(view, neededForTranscripts, id).length === 0;
}

function isPublic(guild: Guild, channelId: string): boolean {
  const channel = guild.channels.cache.get(channelId);
  return channel?.permissionsFor(guild.roles.everyone)?.has(P.ViewChannel) ?? false;
}

function checkRoles(view: GuildView, guild: Guild): Check[] {
  const missing = missingRoles(view);
  const mayMentionAll = lacking(view, [P.MentionEveryone]).length === 0;
  return roleParts.flatMap((part): Check[] => {
    const { role, variable } = part;
    const base = { key: `setup:${variable}`, name: `role for ${role}` };
    const named = idOf(view.discord, part);
    const why = named && whyNotStaff(view, named);
    if (why) {
      const text = `${variable} names a role that ${why}, which is no role of the staff`;
      return [{ ...base, ok: false, text, ...renameOf(view, part) }];
    }
    const id = view.settings.roles[role];
    if (!id) return [];
    if (!missing.has(role)) {
      const { name = id, mentionable = false } = guild.roles.cache.get(id) ?? {};
      const isCalled = mentionable || mayMentionAll;
      const text = isCalled ? name : `${name}, not mentionable: escalations name it without a ping`;
      return [{ ...base, ok: true, text }];
    }
    const text = `${variable} names no role of the server: nobody sees a ticket as ${role}, the others still do`;
    return [{ ...base, ok: false, text, ...renameOf(view, part) }];
  });
}

function countChannels(guild: Guild): number {
  return guild.channels.cache.filter((channel) => !channel.isThread()).size;
}

/** How many channels the server has room for; undefined while it is away. */
export function freeChannels({ client, settings }: GuildView): number | undefined {
  const guild = client.guilds.cache.get(settings.guildId);
  return guild?.available ? MOST_IN_GUILD - countChannels(guild) : undefined;
}

/** Whether the server has room, by a count. That it is full in earnest `Room` learns by Discord's answer. */
export function checkHeadRoom(
  { discord }: Pick<GuildView, 'discord'>,
  guild: Guild,
  parked = 0,
): Check {
  const count = countChannels(guild);
  const base = { key: 'setup:head-room', name: 'channels of the server' };
  const isNear = MOST_IN_GUILD - count < discord.parking.below;
  const posts = discord.whenNearlyFull !== 'park' && isNear;
  const idle = parked > 0 ? `, and ${parked} idle tickets are parked` : '';
  const text = `${count} of ${MOST_IN_GUILD}${idle}${posts ? ', new tickets are posts of forums' : ''}`;
  if (count < MOST_IN_GUILD) return { ...base, ok: true, text };
  const waits = posts ? 'those wait whose forum is not there' : 'new tickets wait';
  return { ...base, ok: false, text: `${text}: ${waits}`, advice: 'remove some' };
}

/**
 * The one list of what has to be right in the server, for the watch, `/doctor` and `npm run doctor`: as
 * far as the gateway has told, without a call.
 */
export function checkGuild(view: GuildView): Check[] {
  const guild = view.client.guilds.cache.get(view.settings.guildId);
  if (!guild?.available) return [];
  const permissions = checkPermissions(view);
  const places = [
    ...categoryParts.map((part) => checkCategory(view, guild, part)),
    checkTranscripts(view, guild),
  ].flatMap((check) => check ?? []);
  return [
    permissions,
    checkUnset(view),
    ...checkRoles(view, guild),
    // What the role lacks everywhere it lacks in each channel: that is said once.
    ...places.filter((check) => check.ok || permissions.ok || !/ lacks /.test(check.text)),
  ];
}

/** A check that is not `ok`, in one sentence with its mend. */
export function sentenceOf({ text, advice }: Pick<Check, 'text' | 'advice'>): string {
  return advice ? `${text}: ${advice}` : text;
}

/** What keeps the guild from being looked at; the reason says its mend. */
export function checkGuildless(name: string, text: string): Check {
  return { key: `doctor:${name}`, name, ok: false, text };
}
