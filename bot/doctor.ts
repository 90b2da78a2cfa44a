import {
  type APIApplication,
  type APIUser,
  ApplicationFlags,
  type Guild,
  type REST,
  Routes,
} from 'discord.js';
import type { AppContext } from '../src/context.ts';
import { listUnknownCategories } from '../src/domain/categories/categories.ts';
import { digestTimeOf, OFF } from '../src/domain/digest/settings.ts';
import { listStrayGuilds } from '../src/domain/mirror/guilds.ts';
import { countParked } from '../src/domain/mirror/parking.ts';
import { confirmWrite } from '../src/domain/settings.ts';
import type { Bridge } from './bridge.ts';
import { type Check, canPostTranscripts, checkGuild, checkHeadRoom, sentenceOf } from './checks.ts';
import { routedCategories, ticketsIn } from './guilds/guild-routing.ts';
import { describe, isUnauthorized, tokenRefused } from './rest/discord-errors.ts';
import type { GuildView } from './settings.ts';

/** How far a clock may be from Discord's, in milliseconds: tokens and working hours go by it. */
const MOST_SKEW_MS = 30_000;
const TIMEOUT_MS = 5000;

/** What is looked at: the guild as a client knows it, and what a process stands on. */
export interface Patient extends GuildView {
  rest: REST;
  ctx: Pick<AppContext, 'config' | 'db' | 'clock' | 'bus'>;
}

/** Asks Discord something; a failure is a check that is not `ok`. */
async function ask<T>(
  base: Pick<Check, 'key' | 'name'>,
  call: () => Promise<T>,
  judge: (answer: T) => Check,
): Promise<Check> {
  try {
    return judge(await call());
  } catch (error) {
    if (isUnauthorized(error)) {
      return { ...base, ok: false, text: tokenRefused, advice: 'take a new one from the Portal' };
    }
    return { ...base, ok: false, text: describe(error), advice: 'try again in a while' };
  }
}

function checkToken(rest: REST): Promise<Check> {
  const base = { key: 'doctor:token', name: 'token' };
  const call = () => rest.get(Routes.user()) as Promise<APIUser>;
  return ask(base, call, ({ username }) => ({ ...base, ok: true, text: `of the bot ${username}` }));
}

function checkIntents(application: Promise<APIApplication>): Promise<Check> {
  const base = { key: 'doctor:intents', name: 'intents' };
  const content =
    ApplicationFlags.GatewayMessageContent | ApplicationFlags.GatewayMessageContentLimited;
  return ask(
    base,
    () => application,
    ({ flags = 0 }) => {
      if ((flags & content) !== 0) return { ...base, ok: true, text: 'Message Content is on' };
      const text = 'the Message Content intent is off, so that nothing staff write can be read';
      return {
        ...base,
        ok: false,
        text,
        advice: 'switch it on in the Developer Portal, under Bot',
      };
    },
  );
}

/** A public bot anybody can invite; see `findGuild` for what keeps it where it works. */
function checkInvitations(application: Promise<APIApplication>): Promise<Check> {
  const base = { key: 'doctor:invitations', name: 'invitations' };
  return ask(
    base,
    () => application,
    ({ bot_public }) => {
      if (!bot_public) return { ...base, ok: true, text: 'only by the owner of the application' };
      const text = 'Public Bot is on, so that anybody can invite the bot to a server of theirs';
      const advice =
        'in the Developer Portal set Install Link to None under Installation, then switch Public Bot off under Bot';
      return { ...base, ok: false, text, advice };
    },
  );
}

/** Compares this machine's clock with the `Date` of an answer of Discord's. */
async function checkClock({
  ctx,
  discord,
}: Pick<Patient, 'discord'> & { ctx: Pick<AppContext, 'clock'> }): Promise<Check> {
  const base = { key: 'doctor:clock', name: 'clock' };
  try {
    const before = ctx.clock();
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(`${discord.apiUrl}/v10/gateway`, { signal });
    const theirs = Date.parse(answer.headers.get('date') ?? '');
    await answer.body?.cancel();
    if (Number.isNaN(theirs))
      return { ...base, ok: true, text: 'not compared: Discord says no time' };
    const skew = Math.round((before + ctx.clock()) / 2 - theirs);
    const seconds = Math.round(Math.abs(skew) / 1000);
    if (Math.abs(skew) <= MOST_SKEW_MS) return { ...base, ok: true, text: 'as Discord has it' };
    const text = `this machine's clock is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} Discord's`;
    return { ...base, ok: false, text, advice: 'set it by NTP: tokens expire by it' };
  } catch (error) {
    const text = `not compared: ${describe(error)}`;
    return { ...base, ok: false, text, advice: 'let this machine reach it' };
  }
}

/** What is no replica set is never connected to; see `connectMongo`. */
export async function checkMongo(ctx: Omit<Patient['ctx'], 'bus'>): Promise<Check> {
  const base = { key: 'doctor:mongodb', name: 'MongoDB' };
  if (await confirmWrite(ctx, TIMEOUT_MS)) {
    return { ...base, ok: true, text: 'a replica set that confirms writes' };
  }
  const name = ctx.config.mongoUri ? 'MONGO_URI' : 'the embedded MongoDB';
  const text = `${name}: a write is not confirmed in ${TIMEOUT_MS / 1000} s`;
  return { ...base, ok: false, text, advice: '/readyz and the log say why' };
}

/** Nothing where no Redis is configured. */
export function checkRedis({ config, bus }: Pick<Patient['ctx'], 'config' | 'bus'>): Check[] {
  if (!config.redisUrl) return [];
  const base = { key: 'doctor:redis', name: 'Redis' };
  if (bus.healthy()) return [{ ...base, ok: true, text: 'answers' }];
  const text = 'REDIS_URL: Redis is away or refuses us';
  return [{ ...base, ok: false, text, advice: 'start it, or correct the address or its password' }];
}

/** What Discord says of the bot. */
export async function examineBot(
  patient: Pick<Patient, 'rest' | 'discord'> & { ctx: Pick<AppContext, 'clock'> },
): Promise<Check[]> {
  const { rest } = patient;
  const application = rest.get(Routes.currentApplication()) as Promise<APIApplication>;
  return Promise.all([
    checkToken(rest),
    checkIntents(application),
    checkInvitations(application),
    checkClock(patient),
  ]);
}

/** What MongoDB knows of the work in a guild; nothing while it is away, which its own check says. */
export interface StoredFacts {
  /** How many tickets have no channel because they are parked. */
  parked?: number;
  /** When the digest of the week is due, or `off`; of the first guild alone, where it is posted. */
  digestTime?: string;
  /** Guilds that are the desk's no more, with how many tickets have a channel there; told of the first one. */
  strays?: { guildId: string; tickets: number }[];
  /** Categories that rules name and that are not there; told of the first one. */
  unknownCategories?: readonly string[];
}

/** @throws a storage error */
export async function readFacts(
  ctx: Pick<Patient['ctx'], 'db' | 'config'>,
  { discord, settings }: Pick<GuildView, 'discord' | 'settings'>,
): Promise<StoredFacts> {
  const { guildId } = settings;
  const parked = await countParked(ctx, ticketsIn(discord, guildId));
  if (discord.moreGuildIds.includes(guildId)) return { parked };
  const [{ at: digestTime }, strays, unknownCategories] = await Promise.all([
    digestTimeOf(ctx),
    listStrayGuilds(ctx, [guildId, ...discord.moreGuildIds]),
    listUnknownCategories(ctx, routedCategories(discord)),
  ]);
  return { parked, digestTime, strays, unknownCategories };
}

/** A category may be made later, or again: its rule is told of and not refused. */
function checkRoutes(unknown: readonly string[] = []): Check[] {
  if (unknown.length === 0) return [];
  const text = `there is no category ${unknown.join(', ')}, which GUILD_ROUTES names: those rules send nothing anywhere`;
  const advice = 'correct GUILD_ROUTES and restart, or make the category';
  return [{ key: 'doctor:routes', name: 'rules for tickets', ok: false, text, advice }];
}

/** Says at a session's start what is wrong with the rules. */
export async function warnOfRoutes({ ctx, discord, log }: Bridge): Promise<void> {
  const unknown = await listUnknownCategories(ctx, routedCategories(discord));
  for (const check of checkRoutes(unknown)) log.warn({ reason: sentenceOf(check) }, check.name);
}

/** Nothing where all is well: such are rare. */
function checkStrays(strays: StoredFacts['strays'] = []): Check[] {
  if (strays.length === 0) return [];
  const named = strays.map(({ guildId, tickets }) => `${tickets} in ${guildId}`).join(', ');
  const text = `open tickets have their channels in servers that are not the desk's: ${named}`;
  const advice =
    'name those in MORE_GUILDS until their tickets are closed, or remove the bot from them';
  return [{ key: 'doctor:strays', name: 'other servers', ok: false, text, advice }];
}

/** A desk without a digest is sound: it is only told. What keeps it from its channel has a line of its own. */
function checkDigest(view: GuildView, guild: Guild, time: string): Check {
  const base = { key: 'doctor:digest', name: 'weekly digest', ok: true };
  if (time === OFF) return { ...base, text: 'off' };
  if (!view.settings.transcriptChannelId) {
    return { ...base, text: 'off: there is no channel for transcripts' };
  }
  if (canPostTranscripts(view, guild)) return { ...base, text: `${time}, where transcripts are` };
  return { ...base, text: `${time}, once the bot can write in the channel for transcripts` };
}

/** What is in the guild. */
export function examineGuild(
  view: GuildView,
  { parked, digestTime, strays, unknownCategories }: StoredFacts = {},
): Check[] {
  const guild = view.client.guilds.cache.get(view.settings.guildId);
  const base = { key: 'doctor:guild', name: 'server' };
  if (!guild?.available) {
    const text = 'the server is not there just now';
    return [{ ...base, ok: false, text, advice: 'wait until Discord has it again' }];
  }
  return [
    { ...base, ok: true, text: guild.name },
    ...checkGuild(view),
    checkHeadRoom(view, guild, parked),
    ...checkStrays(strays),
    ...checkRoutes(unknownCategories),
    ...(digestTime === undefined ? [] : [checkDigest(view, guild, digestTime)]),
  ];
}

/** All there is to look at, in the order in which it is to be mended. */
export async function examine(patient: Patient): Promise<Check[]> {
  const [bot, mongo, facts] = await Promise.all([
    examineBot(patient),
    checkMongo(patient.ctx),
    readFacts(patient.ctx, patient).catch((): StoredFacts => ({})),
  ]);
  return [...bot, ...examineGuild(patient, facts), mongo, ...checkRedis(patient.ctx)];
}
