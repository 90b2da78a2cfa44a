import { type DeskError, toDeskError } from './errors.ts';
import type { OutboxStorage } from './storage.ts';

/** How far each ticket has been told, kept so that a reload goes on from there. */
export interface Cursors {
  load(): Promise<[ticketId: string, cursor: number][]>;
  /** Without a cursor it is forgotten. */
  save(ticketId: string, cursor: number | undefined): void;
}

const PREFIX = 'cursor/';

export function createCursors(
  storage: OutboxStorage,
  onError: (error: DeskError) => void,
): Cursors {
  const saved = new Map<string, number>();

  const write = async (ticketId: string, cursor: number | undefined) => {
    try {
      if (cursor === undefined) await storage.remove(PREFIX + ticketId);
      else await storage.set(PREFIX + ticketId, String(cursor));
    } catch (thrown) {
      onError(toDeskError(thrown, 'CLIENT'));
    }
  };

  return {
    async load() {
      for (const key of await storage.keys(PREFIX)) {
        const cursor = Number(await storage.get(key));
        if (Number.isSafeInteger(cursor) && cursor >= 0) {
          saved.set(key.slice(PREFIX.length), cursor);
        }
      }
      return [...saved];
    },
    save(ticketId, cursor) {
      if (saved.get(ticketId) === cursor) return;
      if (cursor === undefined) saved.delete(ticketId);
      else saved.set(ticketId, cursor);
      void write(ticketId, cursor);
    },
  };
}
