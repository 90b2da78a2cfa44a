import { PermissionFlagsBits as P } from 'discord.js';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { lacking, neededToWrite } from '../../permissions.ts';
import type { Outcome, Refusal } from '../../rest/call-ends.ts';
import { ChannelGone, describe, MirrorProblem } from '../../rest/discord-errors.ts';

type Failed = Exclude<Outcome<unknown>, { end: 'done' }>;

/** The words for what Discord finds fault with, where the bot says so to staff. */
export function whyRefused(bridge: Bridge, channelId: string, cause: Refusal): string {
  if (cause === 'permission') {
    const [first] = lacking(bridge, [P.AttachFiles, ...neededToWrite], channelId);
    return `the bot lacks the permission ${first ?? 'Attach Files'}`;
  }
  return cause === 'files' ? 'too large for Discord' : 'Discord does not take it';
}

function nameOf(bridge: Bridge, channelId: string): string {
  return bridge.client.channels.cache.get(channelId)?.toString() ?? `the channel ${channelId}`;
}

/**
 * Where nothing can be done instead: tells the operators once for each permission, and makes the
 * error with which the ticket waits.
 * @param channelId undefined for what concerns the whole server
 */
export function blocked(
  bridge: Bridge,
  ticket: MirroredTicket,
  channelId: string | undefined,
  { cause, error }: { cause: Refusal; error: Error },
  needed: readonly bigint[] = neededToWrite,
): MirrorProblem {
  const isPost = bridge.client.channels.cache.get(channelId ?? '')?.isThread() ?? false;
  const all = isPost ? [...needed, P.SendMessagesInThreads] : needed;
  const names = cause === 'permission' ? lacking(bridge, all, channelId).join(', ') : '';
  const where = channelId ? nameOf(bridge, channelId) : 'the server';
  const key = names ? `channel-permission:${names}` : `refused:${cause}`;
  const text = names
    ? `the bot lacks ${names} in ${where}: give it that permission there`
    : `${describe(error)} in ${where}`;
  // What the bot's role lacks in the whole server has been told already.
  const isKnown = cause === 'permission' && bridge.problems.has('setup:permissions');
  if (!isKnown) bridge.problems.raise(key, text, ticket.id);
  return new MirrorProblem(text, error);
}

/** What is thrown for an outcome that nothing can be done about here. */
export function failureOf(
  bridge: Bridge,
  ticket: MirroredTicket,
  channelId: string,
  outcome: Failed,
): Error {
  if (outcome.end === 'refused') return blocked(bridge, ticket, channelId, outcome);
  if (outcome.what === 'guild') return outcome.error;
  return new ChannelGone(outcome.error);
}
