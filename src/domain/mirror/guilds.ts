import type { AppContext } from '../../context.ts';
import { readServer } from '../guild-ids.ts';
import { native, oid } from '../log/collections.ts';

/** Whose channels are in one guild, or in none of some: those of rows that name no guild are in the first. */
export type InGuild = { guildId: string } | { notIn: readonly string[] };

/** Guilds named that are the desk's no more; more are not told of. */
const MOST_TOLD = 10;

/** The filter of mirrors for it; undefined is any guild. */
export function inGuild(where: InGuild | undefined): object {
  if (!where) return {};
  return { guild_id: 'guildId' in where ? where.guildId : { $nin: [...where.notIn] } };
}

/** The guild of a ticket's channel; undefined where none is chosen, or its row is from before there were several. */
export async function guildOfTicket(
  { db }: Pick<AppContext, 'db'>,
  ticketId: string,
): Promise<string | undefined> {
  const row = await native(db.mirrors).findOne(
    { _id: oid(ticketId) },
    { projection: { guild_id: 1 } },
  );
  return row?.guild_id ?? undefined;
}

/**
 * The guilds that the channels of tickets are in, or are to be in: of a row from before there were several
 * the first. Left out is a ticket for which none is chosen yet.
 */
export async function guildsOfTickets(
  { db }: Pick<AppContext, 'db'>,
  ticketIds: readonly string[],
): Promise<Map<string, string>> {
  const [rows, first] = await Promise.all([
    native(db.mirrors)
      .find({ _id: { $in: ticketIds.map(oid) } }, { projection: { guild_id: 1, channel_id: 1 } })
      .toArray(),
    readServer({ db }),
  ]);
  return new Map(
    rows.flatMap(({ _id, guild_id, channel_id }) => {
      const guildId = guild_id ?? (channel_id === null ? undefined : first);
      return guildId ? [[_id.toHexString(), guildId] as const] : [];
    }),
  );
}

/**
 * The guilds that are the desk's no more and still have channels of tickets.
 * @param own those that are the desk's
 */
export async function listStrayGuilds(
  { db }: Pick<AppContext, 'db'>,
  own: readonly string[],
): Promise<{ guildId: string; tickets: number }[]> {
  const rows = await native(db.mirrors)
    .aggregate<{ _id: string; tickets: number }>([
      {
        $match: {
          state: { $in: ['open', 'failed'] },
          channel_id: { $type: 'string' },
          guild_id: { $type: 'string', $nin: own },
        },
      },
      { $group: { _id: '$guild_id', tickets: { $sum: 1 } } },
      { $sort: { _id: 1 } },
      { $limit: MOST_TOLD },
    ])
    .toArray();
  return rows.map(({ _id: guildId, tickets }) => ({ guildId, tickets }));
}
