import { ButtonStyle, ComponentType } from 'discord.js';
import type { Stream } from '../../src/domain/log/entry.ts';
import { type Post, recordPost } from '../../src/domain/mirror/posts.ts';
import { AppError } from '../../src/errors.ts';
import type { Bridge } from '../bridge.ts';
import { systemLine } from '../format.ts';
import type { Mark } from '../marking.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { type Outgoing, postNotice } from '../posting.ts';
import { compareIds } from '../snowflakes.ts';
import type { Copied } from './attachments.ts';
import type { Incoming } from './incoming.ts';
import { mark } from './marks.ts';

/** True for a refusal that will be the same however often it is tried. */
export function isPermanent(error: unknown): error is AppError {
  return error instanceof AppError && error.code !== 'SERVICE_UNAVAILABLE';
}

/** Why a verb refused, in words for staff. */
export function reasonOf({ message, details }: AppError): string {
  return details.errors?.map((one) => one.message).join('; ') || message;
}

/**
 * What a message from the channel has become. `lives` counts how often it was taken back and passed on
 * again, each time as another message of the log.
 */
export interface Outcome {
  message: { id: string; seq: number } | undefined;
  /** The log the message is of, where there is one. */
  stream?: Stream;
  files: Copied[];
  mark: Mark;
  lives: number;
}

/**
 * Writes down that a message from the channel was dealt with, and what it became. Of a channel that
 * was deleted meanwhile nothing is kept: it would pass for a message missing in the new one.
 */
export async function remember(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Pick<
    Incoming,
    'id' | 'hash' | 'editedAt' | 'message' | 'home' | 'files' | 'marking' | 'isAmongStaff'
  >,
  { message, stream, files, mark: sign, lives }: Outcome,
): Promise<Post> {
  const copied = new Set(files.map(({ attachment }) => attachment));
  const post: Post = {
    id: incoming.id,
    ticket_id: ticket.id,
    channel_id: incoming.message.channelId,
    message_id: message?.id ?? null,
    ...(stream === 'internal' && { stream }),
    seq: message?.seq ?? 0,
    part: 0,
    direction: message ? 'in' : 'ignored',
    hash: incoming.hash,
    edited: incoming.editedAt,
    files: files.map(({ attachment, file }) => ({ attachment, file: file.id })),
    missing: message ? incoming.files.flatMap(({ id }) => (copied.has(id) ? [] : [id])) : [],
    mark: sign,
    marking: incoming.marking,
    ...(incoming.isAmongStaff && { among_staff: true }),
    lives,
    epoch: bridge.lease.fencingToken,
  };
  const { channel_id } = ticket.mirror;
  if (incoming.home !== channel_id) return post;
  await recordPost(bridge.ctx, post);
  // A thread has an order of its own.
  if (post.channel_id === channel_id && compareIds(incoming.id, ticket.mirror.inbound) > 0) {
    await bridge.tickets.save(ticket, { inbound: incoming.id });
  }
  return post;
}

/** The mark of what is in a log. */
export function markIn(stream: Stream): Mark {
  return stream === 'public' ? 'taken' : 'note';
}

/** The mark that a message bears by what was written down of it; rows of earlier versions do not say. */
export function markOf(post: Pick<Post, 'mark' | 'direction'>, isNote: boolean): Mark {
  if (post.mark) return post.mark as Mark;
  if (post.direction === 'in') return 'taken';
  return isNote ? 'note' : 'refused';
}

/** Writes an outcome down and lets the mark follow it. */
export async function settle(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  outcome: Outcome,
  before?: Post,
): Promise<void> {
  await remember(bridge, ticket, incoming, outcome);
  const worn = before && markOf(before, false);
  if (worn !== outcome.mark) mark(bridge, ticket, incoming, outcome.mark, worn && [worn]);
}

/** What has a message tried again; state lives in the `custom_id`. */
function retryRows(ticketId: string, messageId: string): Outgoing['body']['components'] {
  return [
    {
      type: ComponentType.ActionRow,
      components: [
        {
          type: ComponentType.Button,
          style: ButtonStyle.Secondary,
          label: 'Retry',
          custom_id: `again:${ticketId}:${messageId}`,
        },
      ],
    },
  ];
}

/**
 * Tells staff, in the channel the ticket has now, what does not reach the customer.
 * @param retry a button has it tried again
 */
export async function tellNotPassedOn(
  bridge: Bridge,
  ticket: MirroredTicket,
  { id, editedAt, message }: Pick<Incoming, 'id' | 'editedAt' | 'message'>,
  what: string,
  retry?: true,
): Promise<void> {
  const { channel_id } = ticket.mirror;
  if (!channel_id) return;
  const components = retry ? retryRows(ticket.id, id) : [];
  const key = `not passed on ${id} ${editedAt}`;
  const isBeside = message.channelId !== channel_id;
  const place = isBeside ? `<#${message.channelId}>: ` : '';
  const content = systemLine(`Not passed on: ${place}${what}`);
  const answered = isBeside ? undefined : id;
  await postNotice(bridge, channel_id, key, content, answered, components);
}
