import type { Actor } from '../../src/domain/access/actor.ts';
import type { LogId, Message, Stream } from '../../src/domain/log/entry.ts';
import { readMessage } from '../../src/domain/log/message-reads.ts';
import { findUnrecorded, keyOf, type Origin } from '../../src/domain/mirror/unrecorded.ts';
import type { Bridge } from '../bridge.ts';
import { wasTakenBack } from './ingest-edit.ts';

/** A message of a log that a Discord message stands for, in one of its lives. */
export interface Stored {
  message: Message;
  /** How often it was taken back before. */
  lives: number;
  /** Its deletion was this side's own. */
  isTakenBack: boolean;
}

async function storedAs(
  bridge: Bridge,
  message: Message,
  life: Pick<Origin, 'id' | 'lives'>,
): Promise<Stored> {
  const isTakenBack = message.deleted && (await wasTakenBack(bridge, message, life));
  return { message, lives: life.lives, isTakenBack };
}

/** One life of a message: in either log, since an edit or another mode may have it judged otherwise by now. */
async function findLife(
  { ctx }: Bridge,
  ticketId: string,
  actor: Actor,
  origin: Origin,
): Promise<Message | undefined> {
  const find = async (stream: Stream, clientId = keyOf(origin, stream)) => {
    const log: LogId = { ticketId, stream };
    const entry = await ctx.store.findByClientId(log, actor.key, clientId);
    return entry && (await readMessage(ctx.db, log, entry.id));
  };
  const [message, note, earlier] = await Promise.all([
    find('public'),
    find('internal'),
    // As earlier versions have stored notes.
    find('internal', keyOf(origin, 'public')),
  ]);
  return message ?? note ?? earlier;
}

/**
 * What an earlier try of the same message has stored already, before a crash or an unclear answer, or while its
 * channel was there: its last life, since of one that is over an edit says nothing any more.
 */
export async function storedBefore(
  bridge: Bridge,
  ticketId: string,
  actor: Actor,
  origin: Origin,
): Promise<Stored | undefined> {
  let found: Stored | undefined;
  for (let { lives } = origin; ; lives++) {
    const life = { ...origin, lives };
    const message = await findLife(bridge, ticketId, actor, life);
    if (!message) return found;
    found = await storedAs(bridge, message, life);
    if (!found.isTakenBack) return found;
  }
}

/** The same in whoever's name it was stored, as far back as the newest entries of the logs reach. */
export async function storedByAnybody(
  bridge: Bridge,
  ticketId: string,
  id: string,
): Promise<Stored | undefined> {
  let found: Stored | undefined;
  for (const stream of ['public', 'internal'] as const) {
    const log: LogId = { ticketId, stream };
    const last = await findUnrecorded(bridge.ctx, log, id);
    if (!last || last.lives < (found?.lives ?? 0)) continue;
    const message = await readMessage(bridge.ctx.db, log, last.messageId);
    if (message) found = await storedAs(bridge, message, { id, lives: last.lives });
  }
  return found;
}
