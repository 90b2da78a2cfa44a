import { unavailable } from '../../src/errors.ts';
import type { Bridge } from '../bridge.ts';
import { enqueue, type InboundEvent, inboxOf } from './inbox.ts';

/** A command waits this long for a channel that cannot be read, in milliseconds. */
const TROUBLED_MS = 2000;
/** And this long for one that is read without trouble, such as a large file of a message before it. */
const BUSY_MS = 60_000;
const CHECK_MS = 200;

const stopping = () => unavailable('the bot is being restarted; try again in a moment');

/**
 * Runs a verb after all that was written in the channel before it. Bounded: a channel that cannot be
 * read keeps nobody from closing its ticket, and the verb is told what could not be read.
 */
export function runInOrder<T>(
  bridge: Bridge,
  ticketId: string,
  verb: (unread?: string) => Promise<T>,
): Promise<T> {
  if (bridge.ended) return Promise.reject(stopping());
  return new Promise((resolve, reject) => {
    const since = performance.now();
    const inbox = inboxOf(bridge, ticketId);
    const begin = (unread?: string) => {
      clearInterval(timer);
      return verb(unread).then(resolve, reject);
    };
    const act: InboundEvent = {
      kind: 'act',
      run: () => begin(),
      reject: (error) => {
        clearInterval(timer);
        reject(error);
      },
    };
    const timer = setInterval(() => {
      const waited = performance.now() - since;
      if (waited < (inbox.trouble ? TROUBLED_MS : BUSY_MS)) return;
      const at = inbox.events.indexOf(act);
      // Not there: it is being run.
      if (at < 0) return clearInterval(timer);
      inbox.events.splice(at, 1);
      void begin(inbox.trouble ?? 'much is waiting before it');
    }, CHECK_MS);
    enqueue(bridge, ticketId, act);
  });
}

/** Ends the waiting of every act that has not begun, of a bridge that has ended. */
export function rejectWaiting(bridge: Bridge): void {
  for (const { events } of bridge.inboxes.values()) {
    for (const event of events.splice(0)) if (event.kind === 'act') event.reject(stopping());
  }
}
