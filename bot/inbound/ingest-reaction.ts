import {
  type APIGuildMember,
  type Client,
  GatewayDispatchEvents,
  PermissionFlagsBits,
} from 'discord.js';
import { canonicalEmoji } from '../../src/contract/emoji.ts';
import { isStaffRole } from '../../src/contract/identity.ts';
import { sizes } from '../../src/contract/limits.ts';
import { countRequest } from '../../src/domain/access/rate.ts';
import { withIdentities } from '../../src/domain/agents/identities.ts';
import type { LogId, Message } from '../../src/domain/log/entry.ts';
import { readMessage } from '../../src/domain/log/message-reads.ts';
import { addReaction, removeReaction } from '../../src/domain/messages/react.ts';
import { findPost, logOfPost } from '../../src/domain/mirror/posts.ts';
import { type Bridge, selfId } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { actorOf, isStaff, type Person, takingBack } from '../people.ts';
import { enqueue, mustWait, type Reacted } from './inbox.ts';
import { isPermanent } from './receipts.ts';
import { ticketAround } from './threads.ts';
import { personNow } from './writers.ts';

/** A reaction of staff to a customer's message, or to a note; among themselves they react for themselves. */
async function takeIn(
  bridge: Bridge,
  { ticket }: MirroredTicket,
  log: LogId,
  message: Message,
  { emoji = '', userId = '', person: known }: Reacted,
): Promise<void> {
  // The owner's messages are a customer's, whatever their role.
  const isOwners = message.author.key === ticket.owner;
  if (log.stream === 'public' && !isOwners && isStaffRole(message.author.role)) return;
  if (!canonicalEmoji(emoji, sizes.emoji)) return;
  // As the event says: nothing that was written after it waits for Discord to answer.
  const person = known ?? (await personNow(bridge, { id: userId, displayName: userId }));
  if (!isStaff(bridge.settings, person)) return;
  const actor = await withIdentities(bridge.ctx, actorOf(bridge.settings, person));
  await countRequest(bridge.ctx, 'react', actor.key);
  bridge.lease.require();
  await addReaction(bridge.ctx, actor, log, message.id, emoji);
}

/** Takes back what was set in Discord, whoever has the right to clear it there. */
async function takeBack(
  bridge: Bridge,
  _ticket: MirroredTicket,
  log: LogId,
  message: Message,
  { emoji, userId }: Reacted,
): Promise<void> {
  const cleared = emoji === undefined ? undefined : canonicalEmoji(emoji, sizes.emoji);
  const isCleared = ({ emoji: one, author, origin }: Message['reactions'][number]) =>
    origin === 'discord' &&
    (emoji === undefined || one === cleared) &&
    (userId === undefined || author.id === userId);
  for (const one of message.reactions.filter(isCleared)) {
    bridge.lease.require();
    await removeReaction(bridge.ctx, takingBack(one.author), log, message.id, one.emoji);
  }
}

/** Passes a reaction from the channel on to the message it belongs to. Safe to repeat. */
export async function ingestReaction(
  bridge: Bridge,
  ticket: MirroredTicket,
  reacted: Reacted,
): Promise<void> {
  // Whether something is being posted is asked first: it may be known by the time it is looked for.
  const isPosting = bridge.outbound.has(ticket.id);
  const isIt = ({ id }: { id: string }) => id === reacted.messageId;
  const post = ticket.unrecorded.find(isIt) ?? (await findPost(bridge.ctx, reacted.messageId));
  if (mustWait(bridge, ticket.id, reacted, !post && isPosting)) return;
  if (!post?.message_id || post.seq === 0 || post.ticket_id !== ticket.id) return;
  const log = logOfPost(post);
  const message = await readMessage(bridge.ctx.db, log, post.message_id);
  if (!message || message.deleted) return;
  try {
    await (reacted.set ? takeIn : takeBack)(bridge, ticket, log, message, reacted);
  } catch (error) {
    // The ticket has ended, or the message has as many as it takes: an acknowledgement is not missed.
    if (!isPermanent(error)) throw error;
    bridge.log.debug({ ticket: ticket.id, why: error.code }, 'a reaction was not passed on');
  }
}

interface ReactionPacket {
  guild_id?: string;
  channel_id: string;
  message_id: string;
  user_id?: string;
  emoji?: { id: string | null; name: string | null };
  /** Only where one is set. */
  member?: APIGuildMember;
}

/** Who has reacted, with the roles of now. */
function personIn(
  { client }: Bridge,
  { guild_id, user_id: id, member }: ReactionPacket,
): Person | undefined {
  const guild = client.guilds.cache.get(guild_id ?? '');
  if (!guild || !member || id === undefined) return undefined;
  const { nick, user, roles } = member;
  // That of everybody has the id of the guild.
  const held = [guild.id, ...roles].map((role) => guild.roles.cache.get(role)?.permissions);
  return {
    id,
    name: nick ?? user.global_name ?? user.username,
    roles,
    administrator:
      guild.ownerId === id || held.some((bits) => bits?.has(PermissionFlagsBits.Administrator)),
  };
}

/** As the gateway says it: discord.js keeps to itself what concerns people that it has not met. */
export function listenReactions(bridge: Bridge, client: Client): void {
  const hear = (set: boolean) => (packet: ReactionPacket) => {
    const { guild_id, channel_id, message_id: messageId, user_id: userId, emoji } = packet;
    const person = personIn(bridge, packet);
    const ticketId = ticketAround(bridge, channel_id);
    if (!ticketId || !bridge.guilds.withId(guild_id) || userId === selfId(bridge)) return;
    // One of a server's own pictures means nothing elsewhere.
    if (emoji && (emoji.id !== null || !emoji.name)) return;
    const who = userId === undefined ? {} : { userId };
    const which = emoji?.name ? { emoji: emoji.name } : {};
    const reacted = { messageId, ...who, ...which, ...(person && { person }), set };
    enqueue(bridge, ticketId, { kind: 'reacted', reacted });
  };
  client.ws.on(GatewayDispatchEvents.MessageReactionAdd, hear(true));
  client.ws.on(GatewayDispatchEvents.MessageReactionRemove, hear(false));
  client.ws.on(GatewayDispatchEvents.MessageReactionRemoveEmoji, hear(false));
  client.ws.on(GatewayDispatchEvents.MessageReactionRemoveAll, hear(false));
}
