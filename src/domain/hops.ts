import type { Log } from '../infra/log.ts';
import type { Entry } from './log/entry.ts';

type Hop = 'stored' | 'heard on the bus' | 'emitted to sockets' | 'mirrored in Discord';

/**
 * Writes the debug line of one hop of an entry. All hops of one entry have the same `ticket`, `stream`
 * and `seq`, in whichever process, and the `request` that made it.
 */
export function logHop(log: Log, hop: Hop, entry: Entry): void {
  if (!log.isLevelEnabled('debug')) return;
  const { ticket_id: ticket, stream, seq, type, request } = entry;
  log.debug({ ticket, stream, seq, type, ...(request && { request }) }, hop);
}
