import { Routes } from 'discord.js';
import type { Bridge } from '../bridge.ts';

/** Discord shows somebody as typing for ten seconds. */
const TYPING_MS = 8000;
const REMEMBERED = 1000;

/** Shows in a ticket's channel that the customer is writing. */
export function listenTyping(bridge: Bridge): () => void {
  const shown = new Map<string, number>();
  return bridge.ctx.bus.subscribe((event) => {
    if (event.kind !== 'typing' || event.by.key !== event.owner) return;
    const channelId = bridge.tickets.channelOf(event.ticket_id);
    const now = performance.now();
    if (!channelId || now - (shown.get(channelId) ?? Number.NEGATIVE_INFINITY) < TYPING_MS) return;
    if (shown.size > REMEMBERED) shown.clear();
    shown.set(channelId, now);
    void bridge.rest.post(Routes.channelTyping(channelId)).catch(() => undefined);
  });
}
