import { type APIMessage, Routes } from 'discord.js';
import { LRUCache } from 'lru-cache';
import { listStandingUpTo } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { awayMark, inMarkingTurn, marksWaiting, react } from '../marking.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import type { Incoming } from './incoming.ts';

/** Answers of the nodes are waited for so long, in milliseconds. */
const GATHER_MS = 1000;
/** Where so many marks wait, this one is dropped: ✅ says what is promised. */
const MOST_WAITING = 20;
/** Posts looked at for one that bears the mark since an earlier session. */
const LOOKED_AT = 10;
const REMEMBERED = 5000;

/** What is known of a ticket's customer, and of the mark. */
interface Standing {
  /** The newest message of staff that was stored for them in this session. */
  newest?: string | undefined;
  isAway: boolean;
  /** The message that bears the mark, or null; undefined where an earlier session may have set it. */
  bearer?: string | null;
  /** What the nodes have answered, while they are asked: true from one that has them. */
  answers?: Set<boolean> | undefined;
  isQueued: boolean;
}

const all = new WeakMap<Bridge, LRUCache<string, Standing>>();

function standingsIn(bridge: Bridge): LRUCache<string, Standing> {
  const known = all.get(bridge) ?? new LRUCache<string, Standing>({ max: REMEMBERED });
  all.set(bridge, known);
  return known;
}

function standingOf(bridge: Bridge, ticketId: string): Standing {
  const standings = standingsIn(bridge);
  const standing = standings.get(ticketId) ?? { isAway: false, isQueued: false };
  standings.set(ticketId, standing);
  return standing;
}

const route = (channelId: string, id: string) =>
  Routes.channelMessageOwnReaction(channelId, id, encodeURIComponent(awayMark));

/** The message that bears the mark since an earlier session: the newest of staff then. */
async function findBearer(
  bridge: Bridge,
  ticketId: string,
  channelId: string,
  newest: string | undefined,
): Promise<string | null> {
  const posts = await listStandingUpTo(bridge.ctx, ticketId, Number.MAX_SAFE_INTEGER, LOOKED_AT);
  const post = posts.find(
    ({ id, direction, channel_id }) =>
      direction === 'in' && channel_id === channelId && id !== newest,
  );
  if (!post) return null;
  let found: string | null = null;
  await react(bridge, async () => {
    const message = await bridge.rest.get(Routes.channelMessage(channelId, post.id));
    const { reactions = [] } = message as APIMessage;
    if (reactions.some(({ me, emoji }) => me && emoji.name === awayMark)) found = post.id;
  });
  return found;
}

/** Level-triggered: brings the mark to where it belongs now, whatever has led there. */
async function bringUpToDate(
  bridge: Bridge,
  ticketId: string,
  channelId: string,
  standing: Standing,
): Promise<void> {
  standing.isQueued = false;
  if (standing.bearer === undefined) {
    standing.bearer = await findBearer(bridge, ticketId, channelId, standing.newest);
  }
  const { bearer } = standing;
  const wanted = standing.isAway ? (standing.newest ?? null) : null;
  if (bearer === wanted) return;
  if (bearer) await react(bridge, () => bridge.rest.delete(route(channelId, bearer)));
  standing.bearer = null;
  if (wanted && (await react(bridge, () => bridge.rest.put(route(channelId, wanted))))) {
    standing.bearer = wanted;
  }
}

function follow(bridge: Bridge, ticketId: string, standing: Standing): void {
  const channelId = bridge.tickets.channelOf(ticketId);
  if (!channelId || standing.isQueued) return;
  // What takes it off is never left out.
  const isSetting = standing.isAway && standing.newest !== undefined;
  if (isSetting && marksWaiting(bridge, channelId) >= MOST_WAITING) return;
  standing.isQueued = true;
  inMarkingTurn(bridge, channelId, () => bringUpToDate(bridge, ticketId, channelId, standing));
}

/**
 * Asks the nodes for the customer of a message of staff that is stored, and marks it where some answer and
 * none has them. Nothing waits for it. Without an answer nothing is known, and nothing is said.
 */
export function askPresence(
  bridge: Bridge,
  { id: ticket_id, ticket }: MirroredTicket,
  { id }: Pick<Incoming, 'id'>,
): void {
  const { bus, clock } = bridge.ctx;
  const standing = standingOf(bridge, ticket_id);
  standing.newest = id;
  // While other processes cannot be asked, one of them may have the customer.
  if (standing.answers || !bus.healthy()) return;
  const answers = new Set<boolean>();
  standing.answers = answers;
  bus.publish({ kind: 'presence_asked', ticket_id, owner: ticket.owner });
  clock.after(GATHER_MS, () => {
    standing.answers = undefined;
    if (bridge.ended || answers.size === 0) return;
    standing.isAway = !answers.has(true);
    if (standing.isAway || standing.bearer !== null) follow(bridge, ticket_id, standing);
  });
}

/** Takes the mark off a message that is not the customer's any more. */
export function unmarkAway(
  bridge: Bridge,
  ticket: MirroredTicket,
  { id, message }: Pick<Incoming, 'id' | 'message'>,
): void {
  const standing = standingOf(bridge, ticket.id);
  if (standing.newest === id) standing.newest = undefined;
  if (standing.bearer === undefined && message.reactions.cache.get(awayMark)?.me) {
    standing.bearer = id;
  }
  if (standing.bearer !== null) follow(bridge, ticket.id, standing);
}

/** The customer is there: they have a connection, have read or have written. */
function noteHere(bridge: Bridge, ticketId: string, standing: Standing): void {
  standing.answers?.add(true);
  standing.isAway = false;
  if (standing.bearer !== null) follow(bridge, ticketId, standing);
}

/** Hears what nodes answer, and takes the mark off when the customer comes, reads or writes. */
export function listenPresence(bridge: Bridge): () => void {
  return bridge.ctx.bus.subscribe((event) => {
    if (event.kind === 'presence' || event.kind === 'read') {
      const { ticket_id: id, owner } = event;
      if (!bridge.tickets.channelOf(id)) return;
      if (event.kind === 'presence' && !event.here) {
        standingsIn(bridge).get(id)?.answers?.add(false);
      } else if (event.kind === 'presence' || event.by.key === owner) {
        noteHere(bridge, id, standingOf(bridge, id));
      }
    } else if (event.kind === 'entry' && event.entry.type === 'message') {
      const { ticket_id: id, owner, author } = event.entry;
      // Of an earlier session's mark the next signal is soon enough.
      const standing = author.key === owner ? standingsIn(bridge).get(id) : undefined;
      if (standing) noteHere(bridge, id, standing);
    }
  });
}
