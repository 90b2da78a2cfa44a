import type { AvailabilityView } from '../../src/contract/availability.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { closed, type Kept, type PretendServer } from './pretend-server.ts';

const working: [string, string][] = [['09:00', '17:00']];

/** A desk that is always there in the hours it names. */
export function pretendAvailability(): AvailabilityView {
  return {
    open: true,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    hours: {
      ...{ mon: working, tue: working, wed: working, thu: working, fri: working },
      ...{ sat: [], sun: [] },
    },
    holidays: [],
    staff_online: true,
    expected_reply_ms: 5 * 60_000,
  };
}

const closings = new Map<string, ReturnType<typeof setTimeout>>();

function setClosing(server: PretendServer, { ticket }: Kept, due_at: number | null): TicketView {
  ticket.closing_due_at = due_at;
  server.tell('ticket_closing', { ticket_id: ticket.id, due_at, by_name: ticket.username });
  return ticket;
}

function schedule(server: PretendServer, kept: Kept, wait: number): TicketView {
  const close = () => void server.change(kept, closed(), 'ticket_closed');
  closings.set(kept.ticket.id, setTimeout(close, wait));
  return setClosing(server, kept, Date.now() + wait);
}

interface Asked {
  method: string;
  /** Below the ticket: `closing`, `rating` … */
  what: string;
  body: { in_ms?: number; score?: number; comment?: string | null };
}

/** The verbs of a ticket that the chat has; undefined for what is none. */
export function answerVerb(
  server: PretendServer,
  kept: Kept,
  { method, what, body }: Asked,
): TicketView | undefined {
  const { score = 1, comment = null, in_ms = 0 } = body;
  switch (what) {
    case 'closing':
      clearTimeout(closings.get(kept.ticket.id));
      return method === 'DELETE' ? setClosing(server, kept, null) : schedule(server, kept, in_ms);
    case 'reopen':
      return server.change(kept, { status: 'REOPENED', closed_at: null, reopen_until: null });
    case 'rating':
      return server.change(kept, { rating: { score, comment, at: Date.now() } });
    default:
      return undefined;
  }
}
