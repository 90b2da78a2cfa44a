import { blockBody } from '../../src/contract/blocks.ts';
import { sizes } from '../../src/contract/limits.ts';
import { parseInput } from '../../src/domain/access/parse.ts';
import { createBlock, deleteBlock, listBlocks } from '../../src/domain/blocks/blocks.ts';
import { readTicket } from '../../src/domain/tickets/read.ts';
import { escapeName } from '../format.ts';
import { timestamp } from '../outbound/card/card-fields.ts';
import type { CommandModule, GuildContext } from './command.ts';
import { matching, offered, textOption } from './options.ts';
import { requireMoment } from './times.ts';

/** Blocks that are offered to be lifted: the newest. */
const OFFERED = 100;

export const block: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    data: {
      ...offered,
      name: 'block',
      description: 'Keep the customer of this ticket from writing anywhere',
      options: [
        textOption('reason', 'Why; the customer is told', { required: true, max: sizes.reason }),
        textOption('until', '7d, 2026-01-31, 2026-01-31 09:00 (UTC); left out: for good'),
      ],
    },
    async run({ bridge, actor, ticketId }, { options }) {
      const { ticket } = await readTicket(bridge.ctx, actor, ticketId);
      const until = options.getString('until');
      const body = {
        user_id: ticket.user_id,
        partner: ticket.partner,
        reason: options.getString('reason', true),
        expires_at: until ? requireMoment('until', until, bridge.ctx.clock()) : null,
      };
      const parsed = parseInput(blockBody, body, 'body');
      const { expires_at } = await createBlock(bridge.ctx, actor, parsed);
      const how = expires_at === null ? 'for good' : `until ${timestamp(expires_at)}`;
      return `${escapeName(ticket.username)} is blocked ${how}: they may read, but not write, upload or open tickets. /unblock lifts it.`;
    },
  },
};

async function blocksOf({ bridge, actor }: GuildContext) {
  return (await listBlocks(bridge.ctx, actor, { page: 1, limit: OFFERED })).rows;
}

/** The block that is meant: by its id, by whom it is of, or that of the customer of this ticket. */
async function findBlock(context: GuildContext, given: string | null) {
  const { bridge, actor, here } = context;
  const blocks = await blocksOf(context);
  if (given) return blocks.find(({ id, user_id }) => id === given || user_id === given);
  if (!here) return undefined;
  const { ticket } = await readTicket(bridge.ctx, actor, here);
  const { user_id, partner } = ticket;
  return blocks.find((one) => one.user_id === user_id && one.partner === (partner ?? null));
}

export const unblock: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'unblock',
      description: 'Let a customer write again',
      options: [
        textOption('customer', 'Left out: the customer of this ticket', { autocomplete: true }),
      ],
    },
    async autocomplete(context, interaction) {
      const all = (await blocksOf(context)).map(({ id, user_id, reason }) => ({
        name: `${user_id} · ${reason}`,
        value: id,
      }));
      return matching(all, interaction.options.getFocused());
    },
    async run(context, { options }) {
      const customer = options.getString('customer');
      if (!customer && !context.here) {
        return "This is not an open ticket's channel: say which customer.";
      }
      const found = await findBlock(context, customer);
      if (!found) return 'No such customer is blocked.';
      await deleteBlock(context.bridge.ctx, context.actor, found.id);
      return `${escapeName(found.user_id)} may write again.`;
    },
  },
};
