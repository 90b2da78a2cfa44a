import { sizes } from '../../src/contract/limits.ts';
import { publicLog } from '../../src/domain/log/entry.ts';
import { readTicket } from '../../src/domain/tickets/read.ts';
import { planTranscript } from '../../src/domain/transcript/files.ts';
import type { CommandModule, TicketContext, Told } from './command.ts';
import { offered } from './options.ts';

/** Two of the largest are below what Discord takes in a request, 25 MiB. */
const FILES = 2;

/** What was said up to now, with what was changed and deleted since, for one pair of eyes of the staff. */
export async function makeTranscript({ bridge, actor, ticketId }: TicketContext): Promise<Told> {
  const { ticket, head } = await readTicket(bridge.ctx, actor, ticketId);
  const snapshot = { log: publicLog(ticketId), head: head.seq };
  const plan = await planTranscript(bridge.ctx, ticket, snapshot, sizes.file);
  const files: { name: string; data: Buffer }[] = [];
  for await (const file of plan.files()) {
    // Not to be taken for the one that a customer may have.
    files.push({ ...file, name: `staff-${file.name}` });
    if (files.length === FILES) break;
  }
  const part = plan.count > FILES ? ` The first ${FILES} of ${plan.count} files.` : '';
  return {
    content: `What was said up to now, with what was edited and deleted since, without notes: for the staff.${part}`,
    files,
  };
}

export const transcript: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    inOrder: true,
    data: {
      ...offered,
      name: 'transcript',
      description: 'The transcript up to now, for you alone',
    },
    run: (context) => makeTranscript(context),
  },
};
