import { setTimeout as sleep } from 'node:timers/promises';
import { P } from '../../../../simulator/permissions.ts';
import { BOT_PERMISSIONS } from '../../../../simulator/seed-data.ts';
import { clearFaults, discordPerson, fault, stateOf } from '../../../support/discord.ts';
import type { Day } from './day.ts';

/** Something that goes wrong for a while; it is mended where it ends. */
type Trouble = (day: Day) => Promise<unknown>;

const ROOM = { channelsPerCategory: 50, channelsPerGuild: 500, channelCreatesPerDay: 500 };
/** A day of Discord's limits: it would take hours. */
const DAY_MS = 8_000;

const set = (day: Day, settings: object) => fault(day.sim, { kind: 'set', settings });

/** Faults of the calls the bot makes. */
const strikes =
  (name: string, ...faults: object[]): Trouble =>
  async (day) => {
    day.note(name);
    for (const one of faults) await fault(day.sim, { who: 'bot', path: '/channels/', ...one });
  };

const gateway =
  (kind: string): Trouble =>
  (day) =>
    day.without(kind, async () => {
      await fault(day.sim, { kind, who: 'bot' });
      await sleep(200);
      await day.botConnected();
    });

const full =
  (settings: Partial<typeof ROOM>): Trouble =>
  async (day) => {
    day.note(`there is room for ${JSON.stringify(settings)}`);
    await set(day, settings);
    await sleep(1000 + day.dice.random() * 1500);
    await set(day, ROOM);
  };

const lacking =
  (name: string, permission: bigint): Trouble =>
  async (day) => {
    const { guildId, roles } = day.sim.state;
    const give = (permissions: bigint) =>
      discordPerson(day.sim, 'admin').call('PATCH', `/guilds/${guildId}/roles/${roles.bot}`, {
        permissions: String(permissions),
      });
    day.note(`the bot lacks ${name}`);
    await give(BOT_PERMISSIONS & ~permission);
    await sleep(1000 + day.dice.random() * 1500);
    await give(BOT_PERMISSIONS);
  };

async function deleteChannel(day: Day): Promise<void> {
  const channel = day.witness.channelOf(day.dice.pick(day.tickets).number);
  if (!channel) return;
  day.note(`the channel ${channel.id} is deleted`);
  day.witness.deletedByPeople.add(channel.id);
  const admin = discordPerson(day.sim, 'admin');
  await admin.call('DELETE', `/channels/${channel.id}`).catch(() => undefined);
}

/** A category goes; the operator makes another, and starts the bot again with its id. */
async function deleteCategory(day: Day): Promise<void> {
  const admin = discordPerson(day.sim, 'admin');
  const { guildId, channels } = day.sim.state;
  const id = day.env.CRITICAL_TICKET_CATEGORY_ID ?? channels.critical;
  day.note('the category of CRITICAL is deleted');
  await admin.call('DELETE', `/channels/${id}`);
  await sleep(1000 + day.dice.random() * 1000);
  const made = { name: 'Critical', type: 4 };
  const category = await admin.call<{ id: string }>('POST', `/guilds/${guildId}/channels`, made);
  day.env.CRITICAL_TICKET_CATEGORY_ID = category.id;
  await day.killBot(100);
}

/** Each comes once, in an order the seed draws, before any comes again. */
export const troubles: readonly Trouble[] = [
  (day) => day.killBot(day.dice.random() * 1500),
  gateway('gateway-drop'),
  gateway('gateway-invalidate'),
  strikes('a storm of 429', { kind: 'rate-limit', times: 15, retry_after: 0.3 }),
  strikes(
    'errors before and after the effect',
    { kind: 'status', status: 500, when: 'after', times: 3 },
    { kind: 'status', status: 502, times: 3 },
    { kind: 'reset', when: 'after', times: 2 },
  ),
  full({ channelsPerCategory: 0 }),
  full({ channelsPerGuild: 3 }),
  full({ channelCreatesPerDay: 0 }),
  lacking('Send Messages', P.SEND_MESSAGES),
  lacking('Manage Channels', P.MANAGE_CHANNELS),
  deleteChannel,
  deleteChannel,
  deleteCategory,
];

/** The server stays full for longer than a ticket may be idle: some are parked, and come back with what is new. */
async function crowd(day: Day): Promise<void> {
  const { channels } = await stateOf(day.sim, '?calls=0&messages=0');
  // Threads take no room.
  const channelsPerGuild = channels.filter(({ type }: { type: number }) => type < 10).length;
  day.note(`the server is full with ${channelsPerGuild}`);
  await set(day, { channelsPerGuild });
  await sleep(40_000);
  await set(day, ROOM);
}

/** Those for which a short day has no time. */
export const longTroubles: readonly Trouble[] = [crowd];

/** As the day begins. */
export const beginDay = (day: Day) => set(day, { dayMs: DAY_MS, ...ROOM });

export async function mendAll(day: Day): Promise<void> {
  await clearFaults(day.sim);
  await set(day, { rateLimitFactor: 0, unfurlDelayMs: 10, ...ROOM });
  day.calmFrom = Date.now();
  day.note('all is mended');
}
