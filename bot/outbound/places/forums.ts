import {
  type APIGuildForumChannel,
  type APIOverwrite,
  ChannelType,
  type ForumChannel as GuildForum,
  Routes,
  ThreadAutoArchiveDuration,
} from 'discord.js';
import type { Bridge } from '../../bridge.ts';
import { callDiscord, type Outcome } from '../../rest/call-ends.ts';
import { compareIds } from '../../snowflakes.ts';
import { inCategory, listGuildChannels } from './categories.ts';
import { isSameKind, type Kind, kindInside, kindOf, markerOf } from './forum-kinds.ts';
import { forumFor, wantedOverwrites, withOverwrites } from './overwrites.ts';

/** A forum that may be used: the people who see it are those who would see the tickets' channels. */
export interface Forum {
  id: string;
  /** The roles left out because the server has them not, joined. */
  without: string;
}

type Found = Pick<APIGuildForumChannel, 'id' | 'topic' | 'permission_overwrites'>;
type Failed = Exclude<Outcome<unknown>, { end: 'done' }>;

const known = new WeakMap<Bridge, Map<string, string>>();
const making = new WeakMap<Bridge, Promise<unknown>>();
/** The last refusal of each, and when it came (monotonic milliseconds). */
const refusals = new WeakMap<Bridge, Map<string, { at: number; failed: Failed }>>();

/** The ids of the forums that are known, by their markers. */
function forumsOf(bridge: Bridge): Map<string, string> {
  const forums = known.get(bridge) ?? new Map<string, string>();
  known.set(bridge, forums);
  return forums;
}

/** The forum in which tickets of a kind are posts; undefined before it was asked for. */
export function usedForum(bridge: Bridge, kind: Kind): string | undefined {
  return forumsOf(bridge).get(markerOf(kind));
}

/** The forums for tickets, as far as the gateway or a call has told. */
export function forumIds(bridge: Bridge): Set<string> {
  const { client, settings } = bridge;
  const channels = client.guilds.cache.get(settings.guildId)?.channels.cache;
  const told = [...(channels?.values() ?? [])].filter(
    (one) => one.type === ChannelType.GuildForum && kindOf(one.topic),
  );
  return new Set([...forumsOf(bridge).values(), ...told.map(({ id }) => id)]);
}

function isForum(channel: { type: number }): channel is APIGuildForumChannel {
  return channel.type === ChannelType.GuildForum;
}

/** The forum that is known, as it is now; none where it was made something else of. */
async function readKnown(bridge: Bridge, marker: string): Promise<Found | undefined> {
  const id = forumsOf(bridge).get(marker);
  if (!id) return undefined;
  const outcome = await callDiscord<APIGuildForumChannel>(bridge, 'read_channel', () =>
    bridge.rest.get(Routes.channel(id)),
  );
  if (outcome.end !== 'done' || !isForum(outcome.value)) return undefined;
  return outcome.value.topic?.endsWith(marker) ? outcome.value : undefined;
}

/**
 * The forum for tickets of a kind. Of several that are marked so, as where somebody has copied the guidelines: one
 * that has posts of such tickets, or is seen by those alone who are to see them, before the oldest; none in which
 * others have posts.
 */
async function findForum(bridge: Bridge, kind: Kind, marker: string): Promise<Found | undefined> {
  const here = await readKnown(bridge, marker);
  if (here) return here;
  const forums = (await listGuildChannels(bridge)).filter(isForum);
  const marked = forums.filter(({ topic }) => topic?.endsWith(marker));
  const wanted = wantedOverwrites(bridge, forumFor(bridge, kind.support_role));
  const found: { forum: Found; rank: number }[] = [];
  for (const forum of marked.sort((a, b) => compareIds(a.id, b.id))) {
    const inside = await kindInside(bridge, forum.id);
    if (inside && !isSameKind(inside, kind)) continue;
    const isRight = same(forum.permission_overwrites ?? [], wanted);
    found.push({ forum, rank: (inside ? 0 : 2) + (isRight ? 0 : 1) });
  }
  return found.sort((a, b) => a.rank - b.rank)[0]?.forum;
}

function same(have: readonly APIOverwrite[], wanted: readonly APIOverwrite[]): boolean {
  const plain = (list: readonly APIOverwrite[]) =>
    list.map(({ id, type, allow, deny }) => `${id} ${type} ${allow} ${deny}`).sort();
  return JSON.stringify(plain(have)) === JSON.stringify(plain(wanted));
}

async function makeForum(bridge: Bridge, kind: Kind, marker: string) {
  const { issue_level: level, support_role: role } = kind;
  const topic = `Tickets of the level ${level} for ${role}, while the server has hardly any room for channels. The bot opens and removes these posts; one that you open yourself is no ticket. ${marker}`;
  let without = '';
  const create = async (parent_id: string | undefined) => {
    const made = await withOverwrites<Found>(bridge, forumFor(bridge, role), (list) =>
      callDiscord(bridge, 'create_forum', () =>
        bridge.rest.post(Routes.guildChannels(bridge.settings.guildId), {
          body: {
            name: `tickets-${level}-${role}`.toLowerCase(),
            type: ChannelType.GuildForum,
            topic,
            default_auto_archive_duration: ThreadAutoArchiveDuration.OneWeek,
            ...(parent_id && { parent_id }),
            permission_overwrites: list,
          },
        }),
      ),
    );
    ({ without } = made);
    return made.outcome;
  };
  const { outcome } = await inCategory(bridge, level, create);
  if (outcome.end === 'done') bridge.log.info({ level, role }, 'made a forum for tickets');
  return { outcome, without };
}

/** True where those see a forum who are to, and nobody else, as far as the gateway has told. */
export function isShownRight(
  bridge: Bridge,
  { support_role }: Kind,
  { permissionOverwrites }: GuildForum,
): boolean {
  const have = permissionOverwrites.cache.map(({ id, type, allow, deny }) => ({
    ...{ id, type, allow: String(allow.bitfield), deny: String(deny.bitfield) },
  }));
  return same(have, wantedOverwrites(bridge, forumFor(bridge, support_role)));
}

/** The same people are to see it as would see a ticket's channel, whoever has changed that. */
async function setRight(bridge: Bridge, kind: Kind, { id, permission_overwrites }: Found) {
  const shown = forumFor(bridge, kind.support_role);
  const wanted = wantedOverwrites(bridge, shown);
  if (same(permission_overwrites ?? [], wanted)) {
    return { outcome: { end: 'done', value: { id } } as const, without: undefined };
  }
  return withOverwrites<Found>(bridge, shown, (list) =>
    callDiscord(bridge, 'change_channel', () =>
      bridge.rest.patch(Routes.channel(id), { body: { permission_overwrites: list } }),
    ),
  );
}

/** Shows a forum that is not found by its guidelines to those who are to see its posts, and to nobody else. */
export async function showRight(
  bridge: Bridge,
  kind: Kind,
  id: string,
): Promise<Failed | undefined> {
  const found = await callDiscord<Found>(bridge, 'read_channel', () =>
    bridge.rest.get(Routes.channel(id)),
  );
  if (found.end !== 'done') return found;
  const { outcome } = await setRight(bridge, kind, found.value);
  return outcome.end === 'done' ? undefined : outcome;
}

/**
 * The forum in which tickets of a kind are posts: the one there is, shown to those who are to see it and to
 * nobody else, or a new one in the category of the level.
 * @param without the roles the server has not, joined
 * @returns what Discord refuses, so that no post may be opened
 */
export function ensureForum(
  bridge: Bridge,
  kind: Kind,
  without: string,
): Promise<Forum | { failed: Failed }> {
  const marker = markerOf(kind);
  const askedAt = performance.now();
  const refused = refusals.get(bridge) ?? new Map<string, { at: number; failed: Failed }>();
  refusals.set(bridge, refused);
  const work = async (): Promise<Forum | { failed: Failed }> => {
    const before = refused.get(marker);
    // It was refused while this one waited for its turn.
    if (before && before.at >= askedAt) return { failed: before.failed };
    const found = await findForum(bridge, kind, marker);
    const right = found
      ? await setRight(bridge, kind, found)
      : await makeForum(bridge, kind, marker);
    const { outcome } = right;
    if (outcome.end !== 'done') {
      forumsOf(bridge).delete(marker);
      refused.set(marker, { at: performance.now(), failed: outcome });
      return { failed: outcome };
    }
    forumsOf(bridge).set(marker, outcome.value.id);
    return { id: outcome.value.id, without: right.without ?? without };
  };
  // One at a time, so that none is made twice.
  const made = (making.get(bridge) ?? Promise.resolve()).then(work, work);
  making.set(bridge, made);
  return made;
}
