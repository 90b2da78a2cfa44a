import { z } from 'zod';
import { guildRoutes, MOST_ROUTES, wrongRoute } from './guild-routes.ts';
import { httpUrl, list, MOST_HOURS, type Variable } from './kinds.ts';

/** Guilds beside the one of GUILD_ID. */
const MOST_MORE_GUILDS = 9;

/** The bridge to Discord. */
export const discordVariables = {
  MORE_GUILDS: {
    schema: list.pipe(z.array(z.string().regex(/^\d{17,20}$/)).max(MOST_MORE_GUILDS)).optional(),
    wants: `ids of guilds beside that of GUILD_ID, separated by commas, at most ${MOST_MORE_GUILDS}`,
    example: '200000000000000001',
  },
  GUILD_ROUTES: {
    schema: guildRoutes.optional(),
    wants: `at most ${MOST_ROUTES} rules as partner:NAME=ID, category:NAME=ID or *=ID+ID, separated by commas, each about something else`,
    example: 'partner:acme=200000000000000001',
    wrongPart: wrongRoute,
  },
  MAX_TICKETS_IN_DISCORD_PER_PARTNER: {
    schema: z.coerce.number().int().min(1).max(500).default(250),
    wants:
      "how many of one partner's tickets have a channel at the same time, in each guild; the next ones wait",
    example: '250',
  },
  PARK_BELOW: {
    schema: z.coerce.number().int().min(0).max(499).default(25),
    wants:
      "below how many free channels of the server's 500 idle tickets are parked, 0 to 499; 0 for never",
    example: '25',
  },
  PARK_IDLE_HOURS: {
    schema: z.coerce.number().positive().max(MOST_HOURS).default(24),
    wants: `hours without anything new until a ticket may be parked, at most ${MOST_HOURS}`,
    example: '24',
  },
  WHEN_NEARLY_FULL: {
    schema: z.enum(['park', 'post', 'both']).default('park'),
    wants:
      'park, post or both: below PARK_BELOW free channels idle tickets are parked, new ones are opened as posts of a forum, or both',
    example: 'park',
  },
  DISCORD_API_URL: {
    schema: httpUrl.default('https://discord.com/api'),
    wants: "Discord's API address without the version",
    example: 'https://discord.com/api',
  },
  DISCORD_CDN_URL: {
    schema: httpUrl.default('https://cdn.discordapp.com'),
    wants: "Discord's CDN address",
    example: 'https://cdn.discordapp.com',
  },
} satisfies Record<string, Variable>;
