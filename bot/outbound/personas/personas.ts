import { type APIWebhook, PermissionFlagsBits as P, Routes, WebhookType } from 'discord.js';
import { LeaseLost } from '../../../src/domain/consumers/lease.ts';
import { isMongoError } from '../../../src/errors.ts';
import type { Bridge } from '../../bridge.ts';
import { systemLine } from '../../format.ts';
import { isInForum, type MirroredTicket } from '../../mirrored-tickets.ts';
import { lacking } from '../../permissions.ts';
import { type Persona, postNotice } from '../../posting.ts';
import { callDiscord, type End, type Outcome } from '../../rest/call-ends.ts';
import { describe, isTransient, isUnauthorized } from '../../rest/discord-errors.ts';
import { avatarUrl } from './persona-avatar.ts';
import { personaName } from './persona-name.ts';

const NAME = 'Deskcord customers';
/** How long a ticket's customers speak through the bot after their webhook was refused or went away, in milliseconds. */
const REST_MS = 10 * 60_000;
const SHORT_REST_MS = 60_000;

type Failed = Exclude<Outcome<unknown>, { end: 'done' }>;

const restUntil = new WeakMap<MirroredTicket, number>();

const rest = (ticket: MirroredTicket, ms: number) => restUntil.set(ticket, performance.now() + ms);

function wordsFor(failed: Failed | 'lacking'): { cause: string; why: string } {
  if (failed === 'lacking')
    return { cause: 'permission', why: 'the bot lacks Manage Webhooks: give it that here' };
  if (failed.end === 'gone') {
    const why = 'the webhook was deleted; the bot makes another one in ten minutes';
    return { cause: 'gone', why };
  }
  return { cause: failed.cause, why: describe(failed.error) };
}

/** Says once in a ticket's channel why its customers speak through the bot. */
async function sayWhy(bridge: Bridge, ticket: MirroredTicket, failed: Failed | 'lacking') {
  const { cause, why } = wordsFor(failed);
  const { steps, channel_id: channelId } = ticket.mirror;
  const step = `persona-told:${cause}`;
  if (!channelId || steps.includes(step)) return;
  bridge.log.warn({ ticket: ticket.id, reason: why }, "a customer's words go through the bot");
  const text = systemLine(`Customers' messages come in the bot's name here: ${why}.`);
  await postNotice(bridge, channelId, `${step} ${ticket.id}`, text);
  await bridge.tickets.save(ticket, { steps: [...steps, step] });
}

/** The webhook of ours that the channel has already, as after a crash; or else a new one. */
async function makeHook(bridge: Bridge, channelId: string): Promise<Outcome<APIWebhook>> {
  const route = Routes.channelWebhooks(channelId);
  const listed = await callDiscord<APIWebhook[]>(bridge, 'read_webhooks', () =>
    bridge.rest.get(route),
  );
  if (listed.end !== 'done') return listed;
  const own = listed.value.find(
    ({ type, token, application_id }) =>
      type === WebhookType.Incoming && token && application_id === bridge.client.application?.id,
  );
  if (own) return { end: 'done', value: own };
  return callDiscord<APIWebhook>(bridge, 'create_webhook', () =>
    bridge.rest.post(route, { body: { name: NAME } }),
  );
}

/** Names that would pass for the bot's own. */
function ownNames({ client, settings }: Bridge): string[] {
  const me = client.guilds.cache.get(settings.guildId)?.members.me;
  return [client.user?.username, me?.displayName].flatMap((name) => name ?? []);
}

async function hookOf(bridge: Bridge, ticket: MirroredTicket) {
  const { hook, channel_id: channelId } = ticket.mirror;
  if (!channelId) return undefined;
  if (hook?.channel_id === channelId) return hook;
  if (lacking(bridge, [P.ManageWebhooks], channelId).length > 0) {
    await sayWhy(bridge, ticket, 'lacking');
    return undefined;
  }
  const made = await makeHook(bridge, channelId);
  if (made.end !== 'done') {
    rest(ticket, REST_MS);
    // That the channel is gone the bot's own post finds out, which knows what to do about it.
    if (made.end === 'refused') await sayWhy(bridge, ticket, made);
    return undefined;
  }
  const { id, token } = made.value;
  if (!token) return undefined;
  bridge.ctx.failpoint('after-webhook');
  const known = { channel_id: channelId, id, token };
  await bridge.tickets.save(ticket, { hook: known });
  return known;
}

/**
 * In whose name a customer's message is posted, and through which webhook, made where there is none. A
 * ticket never waits for that: whatever keeps it from being had, the bot posts instead.
 * @returns undefined where the bot is to post in its own name
 */
export async function personaOf(
  bridge: Bridge,
  ticket: MirroredTicket,
  { name, id }: { name: string; id: string },
): Promise<Persona | undefined> {
  // A webhook of a forum would be that of all its posts: those are the bot's own.
  if (bridge.discord.persona !== 'webhook' || isInForum(ticket.mirror)) return undefined;
  if ((restUntil.get(ticket) ?? 0) > performance.now()) return undefined;
  try {
    const hook = await hookOf(bridge, ticket);
    if (!hook) return undefined;
    const avatar_url = avatarUrl(bridge.discord.personaAvatarUrl, id);
    return {
      hook,
      username: personaName(name, ownNames(bridge)),
      ...(avatar_url && { avatar_url }),
    };
  } catch (error) {
    if (error instanceof LeaseLost || isUnauthorized(error) || !isDiscords(error)) throw error;
    rest(ticket, SHORT_REST_MS);
    return undefined;
  }
}

/** What passes by itself and is no trouble of the database's. */
function isDiscords(error: unknown): boolean {
  return isTransient(error) && !isMongoError(error);
}

/** The webhook did not take a post, for a reason that lies not in its text: the bot takes over, and says so. */
export async function leavePersona(
  bridge: Bridge,
  ticket: MirroredTicket,
  failed: Failed & End,
): Promise<void> {
  if (failed.end === 'gone' && failed.what === 'webhook') {
    // An address that answers 404 is never called again.
    await bridge.tickets.save(ticket, { hook: null });
  }
  // What is wrong with one name is not wrong with another.
  if (!(failed.end === 'refused' && failed.cause === 'name')) rest(ticket, REST_MS);
  await sayWhy(bridge, ticket, failed);
}
