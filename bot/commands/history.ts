import type { FieldChange, HistoryEntry } from '../../src/contract/ticket-history.ts';
import { listHistory } from '../../src/domain/tickets/history.ts';
import { isTold } from '../../src/domain/tickets/told-fields.ts';
import { escapeName } from '../format.ts';
import { timestamp } from '../outbound/card/card-fields.ts';
import type { CommandModule, TicketContext } from './command.ts';
import { offered } from './options.ts';
import { listed } from './ticket-lines.ts';

/** Pages that are read of a history; one that is longer is shown from behind them. */
const PAGES = 20;
const SHOWN = 20;
const MAX_VALUE = 60;

/** The newest changes, the oldest of them first. */
async function newestChanges({ bridge, actor, ticketId }: TicketContext): Promise<HistoryEntry[]> {
  let newest: HistoryEntry[] = [];
  let after: Parameters<typeof listHistory>[3]['after'];
  for (let page = 0; page < PAGES; page++) {
    const { history, next } = await listHistory(bridge.ctx, actor, ticketId, { after });
    newest = [...newest, ...history.changes].slice(-SHOWN);
    if (!next) break;
    after = next;
  }
  return newest;
}

/** A value in a few words; none for what is more than that, such as who has it: another field names them. */
function inWords(value: unknown): string | undefined {
  if (value === null) return 'none';
  if (Array.isArray(value)) return escapeName(value.join(', ') || 'none', MAX_VALUE);
  if (typeof value === 'object') {
    return 'name' in value ? escapeName(String(value.name), MAX_VALUE) : undefined;
  }
  return escapeName(String(value), MAX_VALUE);
}

/** Fields whose value is a moment, in milliseconds since 1970. */
const isMoment = (field: string) => field.endsWith('_until');

function changeText({ field, from, to }: FieldChange): string {
  const say = (value: unknown) =>
    isMoment(field) && typeof value === 'number' ? timestamp(value) : inWords(value);
  const [before, after] = [say(from), say(to)];
  return before && after ? `${field}: ${before} → ${after}` : field;
}

function line({ at, by, action, changes, comment, internal }: HistoryEntry): string {
  const what = changes
    .filter(({ field }) => isTold(field))
    .map(changeText)
    .join(', ');
  const said = comment ? ` “${escapeName(comment, MAX_VALUE)}”` : '';
  const who = escapeName(by.name, MAX_VALUE);
  return `${timestamp(at, 'R')} **${who}** ${action}${internal ? ' (staff only)' : ''}${what && `: ${what}`}${said}`;
}

export const history: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    data: {
      ...offered,
      name: 'history',
      description: 'What was changed of this ticket, and by whom',
    },
    async run(context) {
      const changes = await newestChanges(context);
      return changes.length > 0 ? listed(changes.map(line)) : 'Nothing was changed yet.';
    },
  },
};
