import { type Client, Events, Routes } from 'discord.js';
import { signalDelivered } from '../../../src/domain/signals.ts';
import { isOpen } from '../../../src/domain/tickets/workflow.ts';
import type { Bridge } from '../../bridge.ts';
import { isInForum, type MirroredTicket } from '../../mirrored-tickets.ts';
import { deliver, noPings } from '../../posting.ts';
import { callDiscord, type Outcome, type Refusal } from '../../rest/call-ends.ts';
import { callAlerted } from '../alerts/alerts.ts';
import { callingStep, callOnCall } from '../alerts/on-call.ts';
import { commit } from '../commits.ts';
import { postSpeech } from '../posts/message-posts.ts';
import { failureOf } from '../posts/refusals.ts';
import { sideStep } from '../side-steps.ts';
import {
  type Card,
  type CardRendition,
  cardHash,
  cardRenditions,
  isCard,
  needsDescription,
  renderCard,
} from './card.ts';
import { readCardFacts, readCardTimes } from './card-facts.ts';
import type { CardTimes } from './card-fields.ts';

const notOfWords: readonly Refusal[] = ['limit', 'kind'];

/**
 * Tries one rendition of the card after the other, less in each, until Discord takes one.
 * @param inForum the card opens a post in a forum
 */
export async function tryCards<T>(
  bridge: Bridge,
  { id, ticket: shown }: MirroredTicket,
  { times, inForum }: { times: CardTimes; inForum: boolean },
  call: (card: Card, rendition: CardRendition) => Promise<Outcome<T>>,
): Promise<{ outcome: Outcome<T>; rendition: CardRendition }> {
  const facts = await readCardFacts(bridge.ctx, shown);
  let outcome: Outcome<T> | undefined;
  let rendition: CardRendition = '';
  for (const next of cardRenditions) {
    // Where nothing but a permission is missing, the words of the card are not at fault.
    const isBarred = outcome?.end === 'refused' && outcome.cause === 'permission';
    if (isBarred && next !== 'text') continue;
    rendition = next;
    outcome = await call(renderCard(shown, times, facts, rendition, inForum), rendition);
    // Neither is it the words' fault that there is no room for a post.
    if (outcome.end !== 'refused' || notOfWords.includes(outcome.cause)) break;
    if (next !== '') continue;
    bridge.ctx.reports.report(outcome.error, { part: 'discord', ticket: id, seq: 0 });
  }
  return { outcome: outcome as Outcome<T>, rendition };
}

/** Posts the card where the channel has none. */
async function postCard(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror, id } = ticket;
  const channelId = mirror.channel_id as string;
  const inForum = isInForum(mirror);
  const times = await readCardTimes(bridge.ctx, ticket.ticket);
  const card = cardHash(ticket.ticket, times, inForum);
  const look = { times, inForum };
  const { outcome, rendition } = await tryCards(bridge, ticket, look, (body, name) =>
    deliver(bridge, ticket, {
      channelId,
      // One that was deleted is another one than the next.
      key: `card ${id} ${mirror.last_post}`,
      rendition: name,
      body,
      isIt: (message) => isCard(message, id),
    }),
  );
  if (outcome.end !== 'done') throw failureOf(bridge, ticket, channelId, outcome);
  const card_id = outcome.value ?? null;
  await bridge.tickets.save(ticket, {
    card_id,
    last_post: outcome.value ?? mirror.last_post,
    attempt: null,
    shown: { ...mirror.shown, card, rendition },
    steps: mirror.steps.filter((step) => step !== 'pinned'),
  });
  bridge.ctx.failpoint('after-record');
}

/** Brings the card up to date; one that somebody has deleted is posted again. */
async function updateCard(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  const { card_id } = mirror;
  const channelId = mirror.channel_id as string;
  if (!card_id) return;
  const inForum = isInForum(mirror);
  const times = await readCardTimes(bridge.ctx, ticket.ticket);
  const card = cardHash(ticket.ticket, times, inForum);
  if (mirror.shown?.card === card) return;
  const look = { times, inForum };
  const { outcome, rendition } = await tryCards(bridge, ticket, look, (body) =>
    callDiscord(bridge, 'edit_message', () =>
      bridge.rest.patch(Routes.channelMessage(channelId, card_id), {
        body: { ...body, allowed_mentions: noPings },
      }),
    ),
  );
  if (outcome.end === 'gone' && outcome.what === 'message') {
    await bridge.tickets.save(ticket, { card_id: null });
    return postCard(bridge, ticket);
  }
  if (outcome.end !== 'done') throw failureOf(bridge, ticket, channelId, outcome);
  await bridge.tickets.save(ticket, { shown: { ...mirror.shown, card, rendition } });
}

/** Pins the card, once. What is refused, such as a pin too many, is left. */
async function pinCard(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  if (!mirror.card_id || mirror.steps.includes('pinned')) return;
  const route = `/channels/${mirror.channel_id}/messages/pins/${mirror.card_id}` as const;
  const outcome = await callDiscord(bridge, 'pin_message', () => bridge.rest.put(route));
  if (outcome.end !== 'done') {
    const { message: reason } = outcome.error;
    bridge.log.warn({ reason, ticket: ticket.id }, 'the card was not pinned');
  }
  await bridge.tickets.save(ticket, { steps: [...mirror.steps, 'pinned'] });
}

/** A description that the card does not hold, once, as messages behind it. */
async function postDescription(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror, ticket: data } = ticket;
  if (mirror.steps.includes('described')) return;
  const rendition = (mirror.shown?.rendition ?? '') as CardRendition;
  let isWhole = true;
  if (needsDescription(data, rendition)) {
    const isBare = rendition === 'bare' || rendition === 'text';
    isWhole = await postSpeech(bridge, ticket, {
      entryId: ticket.id,
      messageId: ticket.id,
      seq: 0,
      speech: {
        name: data.username,
        text: isBare ? `${data.topic}\n\n${data.description}` : data.description,
      },
      authorId: data.user_id,
      files: [],
      stream: 'public',
      inLogOrder: false,
    });
  }
  const calling = await callingStep(bridge, ticket);
  // A channel that takes the place of another says nothing new.
  const delivered = mirror.delivered ?? (isWhole && mirror.seq === 0 ? 0 : null);
  const steps = [...mirror.steps, 'described', ...calling];
  await commit(bridge, ticket, 'public', { delivered, steps });
  if (delivered === 0) signalDelivered(bridge.ctx, data, 0);
}

/** Posts a card again that somebody deletes: with it went the button and the opening words. */
export function listenCards(bridge: Bridge, client: Client): void {
  const { tickets, outbound } = bridge;
  client.on(Events.MessageDelete, ({ id, channelId }) => {
    const ticketId = tickets.idOfChannel(channelId);
    const ticket = ticketId && tickets.known(ticketId);
    if (!ticket || ticket.mirror.card_id !== id || !isOpen(ticket.ticket)) return;
    ticket.mirror.card_id = null;
    outbound.schedule(ticket.id);
  });
}

/**
 * Posts the card, and what belongs to it; where it stands already it is brought up to date, which
 * nothing that comes after it waits for.
 */
export async function ensureCard(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  if (!ticket.mirror.card_id) await postCard(bridge, ticket);
  await sideStep(bridge, ticket, 'card', () => updateCard(bridge, ticket));
  await sideStep(bridge, ticket, 'pin', () => pinCard(bridge, ticket));
  await postDescription(bridge, ticket);
  await callOnCall(bridge, ticket);
  await callAlerted(bridge, ticket);
}
