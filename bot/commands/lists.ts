import { sizes } from '../../src/contract/limits.ts';
import { listTicketsQuery } from '../../src/contract/ticket-lists.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { parseInput } from '../../src/domain/access/parse.ts';
import { listTickets } from '../../src/domain/tickets/list.ts';
import type { CommandModule, GuildContext } from './command.ts';
import { offered, textOption } from './options.ts';
import { listed, ticketLine } from './ticket-lines.ts';

const FOUND = 15;
const WAITING = 20;
const DUE = 5;
/** How many are looked through for those: what is put aside, however much, hides no others. */
const LOOKED_AT = '100';

async function list({ bridge, actor }: GuildContext, query: Record<string, string>) {
  const parsed = parseInput(listTicketsQuery, query, 'query');
  return listTickets(bridge.ctx, actor, parsed);
}

const linesOf = ({ bridge }: GuildContext, tickets: readonly TicketView[]) =>
  tickets.map((ticket) => ticketLine(bridge, ticket));

export const search: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'search',
      description: 'Find tickets by words of their topics, messages and notes',
      options: [
        textOption('text', 'Whole words, all of which a ticket has', {
          required: true,
          max: sizes.query,
        }),
      ],
    },
    async run(context, { options }) {
      const q = options.getString('text', true);
      const { tickets, next } = await list(context, { q, limit: String(FOUND) });
      if (tickets.length === 0) {
        return next
          ? 'Too many tickets have some of these words: look for rarer ones.'
          : 'No ticket that you may see has all of these words.';
      }
      const more = next ? ['There are older ones: more words find fewer tickets.'] : [];
      return listed([...linesOf(context, tickets), ...more]);
    },
  },
};

/** Put aside until later: it waits for nobody now. */
const isAwake = (now: number) => (ticket: TicketView) => (ticket.snoozed_until ?? 0) <= now;

export const queue: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'queue',
      description: 'Who has waited longest, and what is due next',
    },
    async run(context) {
      const [waiting, due] = await Promise.all([
        list(context, {
          status: 'new',
          sort: 'created_at',
          order: 'asc',
          limit: LOOKED_AT,
        }),
        list(context, { status: 'open', sort: 'sla', limit: LOOKED_AT }),
      ]);
      const awake = isAwake(context.bridge.ctx.clock());
      const untaken = linesOf(context, waiting.tickets.filter(awake).slice(0, WAITING));
      const next = linesOf(context, due.tickets.filter(awake).slice(0, DUE));
      return listed([
        '**Not taken yet, the longest wait first**',
        ...(untaken.length > 0 ? untaken : ['Nobody waits.']),
        '**Due next**',
        ...(next.length > 0 ? next : ['Nothing.']),
      ]);
    },
  },
};
