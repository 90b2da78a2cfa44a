import { createHash } from 'node:crypto';
import {
  type APIActionRowComponent,
  type APIButtonComponent,
  type APIEmbed,
  ButtonStyle,
  ComponentType,
} from 'discord.js';
import type { IssueLevel } from '../../src/contract/tickets.ts';
import type { Ticket } from '../../src/domain/log/entry.ts';
import { escapeName, neutralise, shorten } from '../format.ts';

/** A description up to this length, once harmless, stands in the card whole. */
const MAX_DESCRIPTION = 3500;
const MAX_FIELD = 1024;

export const closeButton = 'close';

const colors: Record<IssueLevel, number> = {
  NORMAL: 0x3ba55d,
  URGENT: 0xfaa61a,
  CRITICAL: 0xed4245,
};

export interface Card {
  embeds: APIEmbed[];
  components: APIActionRowComponent<APIButtonComponent>[];
}

/** True where the description is too long for the card, and follows it as messages. */
export function needsDescription(ticket: Ticket): boolean {
  return neutralise(ticket.description).length > MAX_DESCRIPTION;
}

function field(name: string, value: string, inline = true) {
  return { name, value: shorten(value, MAX_FIELD) || '—', inline };
}

function when(at: number): string {
  return `<t:${Math.floor(at / 1000)}:f>`;
}

/** The card that opens a ticket's channel: all that is known of the ticket, and the way to close it. */
export function renderCard(ticket: Ticket): Card {
  const closed = ticket.status === 'CLOSED';
  const description = needsDescription(ticket)
    ? '*The description follows below.*'
    : neutralise(ticket.description);
  return {
    embeds: [
      {
        title: shorten(`Ticket #${ticket.number}: ${escapeName(ticket.topic)}`, 256),
        description,
        color: closed ? 0x747f8d : colors[ticket.issue_level],
        fields: [
          field('State', closed ? 'Closed' : 'Open'),
          field('Level', ticket.issue_level),
          field('Support role', ticket.support_role),
          field('Customer', escapeName(ticket.username)),
          field('Customer role', ticket.user_role),
          field('Opened', when(ticket.created_at)),
          ...(ticket.assigned_to ? [field('Assigned to', escapeName(ticket.assigned_to))] : []),
          ...(ticket.close_reason ? [field('Reason', neutralise(ticket.close_reason), false)] : []),
        ],
        footer: { text: `Ticket ${ticket.id}` },
      },
    ],
    components: [
      {
        type: ComponentType.ActionRow,
        components: [
          {
            type: ComponentType.Button,
            style: ButtonStyle.Danger,
            label: 'Close',
            custom_id: `${closeButton}:${ticket.id}`,
            disabled: closed,
          },
        ],
      },
    ],
  };
}

/** Tells whether a card shows something else than it did. */
export function cardHash(card: Card): string {
  return createHash('sha256').update(JSON.stringify(card)).digest('base64url').slice(0, 16);
}
