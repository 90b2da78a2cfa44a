import { type APIMessage, Routes } from 'discord.js';
import { logHop } from '../../src/domain/hops.ts';
import { publicLog } from '../../src/domain/log/entry.ts';
import { readEntries } from '../../src/domain/log/reads.ts';
import { readMirroredTicket } from '../../src/domain/mirror/mirrors.ts';
import { forgetPosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { code, hasCode, MirrorProblem } from '../discord-errors.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { deliver, noPings } from '../posting.ts';
import { cardHash, needsDescription, renderCard } from './card.ts';
import { channelExists, createChannel, findChannel, moveChannel } from './channels.ts';
import { walkClosing } from './closing.ts';
import { mirrorEntry } from './entries.ts';
import { postHistory } from './history.ts';
import { postSpeech } from './message-posts.ts';

const PAGE = 100;
/** A channel that is deleted again so soon after it was made again is left alone for a while. */
const REMADE_AGAIN_MS = 60_000;

/**
 * Brings a ticket's channel up to the head of its log, in the log's order: opens it, posts what is
 * new, and closes it. Every step is written down when it is done, so that a crash resumes at the next.
 */
export async function syncChannel(bridge: Bridge, ticketId: string): Promise<void> {
  const ticket = await bridge.tickets.load(ticketId);
  if (!ticket || ticket.mirror.state === 'done') {
    if (ticket) bridge.tickets.forget(ticket);
    return;
  }
  try {
    await walk(bridge, ticket);
  } catch (error) {
    if (!hasCode(error, code.unknownChannel)) throw error;
    await loseChannel(bridge, ticket);
    await walk(bridge, ticket);
  }
  if (ticket.mirror.problem !== null || ticket.mirror.state === 'failed') {
    await bridge.tickets.save(ticket, { problem: null, state: 'open' });
  }
}

async function walk(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  await refresh(bridge, ticket);
  if (ticket.channelNeedsCheck && mirror.channel_id) {
    if (!(await channelExists(bridge, mirror.channel_id))) await loseChannel(bridge, ticket);
  }
  ticket.channelNeedsCheck = false;
  await ensureChannel(bridge, ticket);
  if (mirror.channel_id) {
    await ensureCard(bridge, ticket);
    await postHistory(bridge, ticket);
  }
  await mirrorEntries(bridge, ticket);
  // A channel is not removed before it, and the transcript, have all that was said.
  const isComplete = mirror.seq >= ticket.head;
  if (ticket.ticket.status === 'CLOSED' && isComplete && !bridge.ended) {
    await walkClosing(bridge, ticket);
  }
}

/** Reads the ticket, and the head it belongs to, again. */
async function refresh(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const found = await readMirroredTicket(bridge.ctx, ticket.id);
  if (found) Object.assign(ticket, found);
}

async function ensureChannel(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  if (ticket.mirror.channel_id || ticket.mirror.steps.includes('removed')) return;
  const closed = ticket.ticket.status === 'CLOSED';
  const found = await findChannel(bridge, ticket.id);
  // A ticket that was closed before it had a channel gets its transcript only.
  if (!found && closed) return;
  // Only now: until the lost channel was no longer the ticket's, messages from it were still written down.
  await forgetPosts(bridge.ctx, ticket.id);
  const channel_id = found ?? (await createChannel(bridge, ticket.ticket));
  const { issue_level, support_role } = ticket.ticket;
  const shown = found ? {} : { issue_level, support_role };
  await bridge.tickets.save(ticket, { channel_id, shown });
  // Somebody may have written there before we knew that it was ours.
  bridge.inbound.schedule(ticket.id);
}

function isCard(message: APIMessage, ticketId: string): boolean {
  return (
    message.embeds[0]?.footer?.text === `Ticket ${ticketId}` && message.components?.length === 1
  );
}

/** Posts the card, or edits it and moves the channel where the ticket has changed. */
async function ensureCard(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror, id } = ticket;
  const channelId = mirror.channel_id as string;
  const card = renderCard(ticket.ticket);
  const { issue_level, support_role } = ticket.ticket;
  const shown = { ...mirror.shown, card: cardHash(card) };
  if (!mirror.card_id) {
    const posted = await deliver(bridge, ticket, {
      channelId,
      key: `card ${id}`,
      body: card,
      isIt: (message) => isCard(message, id),
    });
    const card_id = posted ?? null;
    const last_post = posted ?? mirror.last_post;
    await bridge.tickets.save(ticket, { card_id, last_post, attempt: null, shown });
    bridge.ctx.failpoint('after-record');
  } else if (mirror.shown?.card !== shown.card) {
    bridge.lease.require();
    await bridge.rest
      .patch(Routes.channelMessage(channelId, mirror.card_id), {
        body: { ...card, allowed_mentions: noPings },
      })
      .catch((error: unknown) => {
        if (!hasCode(error, code.unknownMessage)) throw error;
      });
    await bridge.tickets.save(ticket, { shown });
  }
  await moveChannel(bridge, channelId, mirror.shown ?? {}, ticket.ticket);
  if (mirror.shown?.issue_level !== issue_level || mirror.shown.support_role !== support_role) {
    await bridge.tickets.save(ticket, { shown: { ...mirror.shown, issue_level, support_role } });
  }
  await describeTicket(bridge, ticket);
}

/** What belongs to the card, once: the pin, and a description too long for it. */
async function describeTicket(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror, ticket: data } = ticket;
  if (!mirror.steps.includes('pinned') && mirror.card_id) {
    const route = `/channels/${mirror.channel_id}/messages/pins/${mirror.card_id}` as const;
    await bridge.rest.put(route).catch((error: Error) => {
      bridge.log.warn({ reason: error.message, ticket: ticket.id }, 'the card was not pinned');
    });
    await bridge.tickets.save(ticket, { steps: [...mirror.steps, 'pinned'] });
  }
  if (mirror.steps.includes('described')) return;
  if (needsDescription(data)) {
    await postSpeech(bridge, ticket, {
      entryId: ticket.id,
      messageId: ticket.id,
      seq: 0,
      speech: { name: data.username, text: data.description },
      files: [],
    });
  }
  await bridge.tickets.save(ticket, { steps: [...mirror.steps, 'described'] });
}

/** Shows every entry up to the head, and to where that has come meanwhile. */
async function mirrorEntries(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  while (mirror.seq < ticket.head && !bridge.ended) {
    const range = { after: mirror.seq, upTo: ticket.head, limit: PAGE };
    const entries = await readEntries(bridge.ctx.db, publicLog(ticket.id), range);
    let seq = mirror.seq;
    for (const entry of entries) {
      if (bridge.ended) return;
      const posted = mirror.channel_id !== null && (await mirrorEntry(bridge, ticket, entry));
      if (posted) logHop(bridge.ctx.log, 'mirrored in Discord', entry);
      seq = entry.seq;
      if (!posted) continue;
      await bridge.tickets.save(ticket, { seq, attempt: null });
      bridge.ctx.failpoint('after-record');
    }
    if (seq !== mirror.seq) await bridge.tickets.save(ticket, { seq });
    if (mirror.seq >= ticket.head) await refresh(bridge, ticket);
    if (mirror.channel_id && entries.some(({ type }) => type === 'ticket_change')) {
      await ensureCard(bridge, ticket);
    }
  }
}

/** Somebody has deleted the channel: everything about it is forgotten, and it will be made again. */
async function loseChannel(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  const now = bridge.ctx.clock();
  if (mirror.steps.includes('removed') || ticket.ticket.status === 'CLOSED') {
    await bridge.tickets.save(ticket, { channel_id: null, card_id: null, attempt: null });
    return;
  }
  if (now - mirror.remade_at < REMADE_AGAIN_MS) {
    throw new MirrorProblem('the channel was deleted again as soon as it had been made again');
  }
  bridge.log.warn({ ticket: ticket.id }, "a ticket's channel was deleted: making it again");
  ticket.caughtUpGeneration = -1;
  await bridge.tickets.save(ticket, {
    channel_id: null,
    card_id: null,
    inbound: '0',
    last_post: '0',
    attempt: null,
    shown: null,
    steps: mirror.seq > 0 ? ['remade'] : [],
    remade_at: now,
  });
}
