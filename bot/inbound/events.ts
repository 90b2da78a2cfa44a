import {
  ChannelType,
  type Client,
  Events,
  type Message,
  type OmitPartialGroupDMChannel,
  type PartialMessage,
  type Typing,
} from 'discord.js';
import { withIdentities } from '../../src/domain/agents/identities.ts';
import { signalTyping } from '../../src/domain/signals.ts';
import { type Bridge, selfId } from '../bridge.ts';
import { actorOf, isStaff, personOf } from '../people.ts';
import { enqueue } from './inbox.ts';
import { incomingOf, isWebhook, isWritten } from './incoming.ts';
import { listenReactions } from './ingest-reaction.ts';
import { ticketAround } from './threads.ts';

const TYPING_MS = 4000;
const REMEMBERED = 1000;

/**
 * Tells the customer's side that staff are writing; what they write, and so whether it is a note, nobody
 * knows yet. Where most of it is notes, it is not told of.
 */
function onTyping(bridge: Bridge, told: Map<string, number>, typing: Typing): void {
  if (bridge.ctx.config.replyMode === 'reply') return;
  const ticketId = bridge.tickets.idOfChannel(typing.channel.id);
  const { member, user } = typing;
  const settings = bridge.guilds.withId(typing.guild?.id)?.settings;
  if (!settings || !ticketId || !member || user.bot) return;
  const person = personOf(member);
  if (!isStaff(settings, person)) return;
  const key = `${ticketId} ${user.id}`;
  const now = performance.now();
  if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < TYPING_MS) return;
  if (told.size >= REMEMBERED) told.clear();
  told.set(key, now);
  // Nobody keeps who is typing.
  void withIdentities(bridge.ctx, actorOf(settings, person))
    .then((actor) => signalTyping(bridge.ctx, actor, ticketId))
    .catch(() => undefined);
}

type Seen = OmitPartialGroupDMChannel<Message | PartialMessage>;

/** Listens to the gateway. Only what happens in tickets' channels, and was done by people, counts. */
export function listenInbound(bridge: Bridge, client: Client): void {
  const ticketOf = (channelId: string) => ticketAround(bridge, channelId);
  const counts = (message: Message) =>
    isWritten(message) || (isWebhook(bridge, message) && message.author.id !== selfId(bridge));
  const seen = (message: Message) => incomingOf(bridge, message, true);
  client.on(Events.MessageCreate, (message) => {
    const ticketId = ticketOf(message.channelId);
    if (!ticketId || !bridge.guilds.withId(message.guildId) || !counts(message)) return;
    enqueue(bridge, ticketId, { kind: 'message', incoming: seen(message) });
  });
  client.on(Events.MessageUpdate, (_before, message) => {
    const ticketId = ticketOf(message.channelId);
    if (!ticketId) return;
    const whole = !message.partial && typeof message.content === 'string';
    if (whole && !counts(message)) return;
    const incoming = whole ? seen(message) : undefined;
    const { id, channelId } = message;
    enqueue(bridge, ticketId, { kind: 'changed', id, channelId, incoming });
  });
  const onDeleted = (message: Seen) => {
    const ticketId = ticketOf(message.channelId);
    const at = bridge.ctx.clock();
    if (ticketId) enqueue(bridge, ticketId, { kind: 'deleted', id: message.id, at });
  };
  client.on(Events.MessageDelete, onDeleted);
  client.on(Events.MessageBulkDelete, (messages) => {
    for (const message of messages.values()) onDeleted(message);
  });
  const onRemoved = (channelId: string) => {
    const ticketId = bridge.tickets.idOfChannel(channelId);
    const ticket = ticketId && bridge.tickets.known(ticketId);
    if (ticket) ticket.channelNeedsCheck = true;
    if (ticketId) bridge.outbound.schedule(ticketId);
  };
  client.on(Events.ChannelDelete, (channel) => {
    onRemoved(channel.id);
    // With a forum go its posts, of which Discord need not tell one by one.
    if (channel.type !== ChannelType.GuildForum) return;
    for (const id of channel.threads.cache.keys()) onRemoved(id);
  });
  client.on(Events.ThreadDelete, ({ id }) => onRemoved(id));
  listenReactions(bridge, client);
  const told = new Map<string, number>();
  client.on(Events.TypingStart, (typing) => onTyping(bridge, told, typing));
}
