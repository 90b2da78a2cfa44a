import { expect } from '@jest/globals';
import type { BotOptions } from '../../bot/bot.ts';
import type { AppContext } from '../../src/context.ts';
import { oid } from '../../src/domain/log/collections.ts';
import type { FailpointName } from '../../src/infra/failpoints.ts';
import { type Desk, openTicket, say } from './bridge.ts';
import { channelOf, discordPerson, type SimState, stateOf, textsIn } from './discord.ts';
import { eventually } from './eventually.ts';

export const FORUM = 15;
export const PUBLIC_THREAD = 11;
export const patience = { timeout: 20_000 };

/** What tests of posts in forums share. @param desk tells the desk, which is opened later */
export function forumTools(desk: () => Desk) {
  const textsAre = (channelId: string, wanted: unknown[]) =>
    eventually(async () => expect(await textsIn(desk().sim, channelId)).toEqual(wanted), patience);
  const allChannels = async (): Promise<SimState[]> =>
    (await stateOf(desk().sim, '?calls=0&messages=0')).channels;
  /** A bot to which the server is nearly full, whatever stands in it, unless `below` says otherwise. */
  const forumBot = (
    how: 'park' | 'post' | 'both' = 'post',
    below = 499,
    more: Partial<AppContext> = {},
    options: BotOptions = {},
  ) => {
    const { config } = desk().ctx;
    const parking = { below, idleMs: 3_600_000 };
    const discord = { ...config.discord, parking, whenNearlyFull: how } as typeof config.discord;
    const ctx = { config: { ...config, discord }, ...more };
    return desk().bot({ parkMs: 50, ctx, ...options });
  };
  return {
    textsAre,
    allChannels,
    forumBot,

    /**
     * The same, killed when it passes a point for the nth time, and at each after that.
     * @returns what waits until it is dead
     */
    async dyingForumBot(point: FailpointName, nth = 1) {
      let left = nth;
      let die: () => void = () => undefined;
      const death = new Promise<void>((resolve) => {
        die = resolve;
      });
      const failpoint = (passed: FailpointName) => {
        if (passed !== point || --left > 0) return;
        die();
        throw new Error('killed');
      };
      const bot = await forumBot('post', 499, { failpoint });
      return async () => {
        await death;
        await bot.stop();
      };
    },

    mirrorOf: (id: string) => desk().ctx.db.mirrors.collection.findOne({ _id: oid(id) }),

    /** The forums for tickets of a level and support role. */
    async forums(level: string, role: string) {
      const marker = `[deskcord ${level} ${role}]`;
      const isOne = ({ type, topic }: SimState) => type === FORUM && topic?.endsWith(marker);
      return (await allChannels()).filter(isOne);
    },

    /** Who of the seeded people may read a channel or post. */
    async whoSees(id: string) {
      const people = ['kim', 'manager', 'admin', 'developer', 'member'] as const;
      const seen = await Promise.all(
        people.map((who) =>
          discordPerson(desk().sim, who)
            .messages(id)
            .then(
              () => [who],
              () => [],
            ),
        ),
      );
      return seen.flat();
    },

    /** A ticket that has a post, which shows these lines. */
    async posted(lines: string[] = [], overrides = {}) {
      const { ctx, sim } = desk();
      const ticket = await openTicket(ctx, overrides);
      for (const line of lines) await say(ctx, ticket.id, line);
      const post = await channelOf(sim, ticket.number);
      expect(post.type).toBe(PUBLIC_THREAD);
      await textsAre(
        post.id,
        lines.map((line) => `**Ana**: ${line}`),
      );
      return { ...ticket, post };
    },
  };
}
