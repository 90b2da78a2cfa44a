import { createHash } from 'node:crypto';
import {
  type APIActionRowComponent,
  type APIButtonComponent,
  type APIEmbed,
  type APIMessage,
  ButtonStyle,
  ComponentType,
} from 'discord.js';
import type { IssueLevel } from '../../src/contract/tickets.ts';
import type { Ticket } from '../../src/domain/log/entry.ts';
import { isOpen } from '../../src/domain/tickets/workflow.ts';
import { escapeName, MAX_TOPIC, neutralise, shorten } from '../format.ts';
import { breakLinks } from './renditions.ts';

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
  content?: string;
  embeds: APIEmbed[];
  components: APIActionRowComponent<APIButtonComponent>[];
}

/**
 * How much of what people wrote stands in the card: all, with its links broken, or nothing, since
 * Discord refuses it; `text` has no embed at all, where the bot may not post one.
 */
export const cardRenditions = ['', 'links', 'bare', 'text'] as const;
export type CardRendition = (typeof cardRenditions)[number];

/** True where the description does not stand in the card, and follows it as messages. */
export function needsDescription(ticket: Ticket, rendition: CardRendition): boolean {
  if (rendition === 'bare' || rendition === 'text') return true;
  return neutralise(ticket.description).length > MAX_DESCRIPTION;
}

function field(name: string, value: string, inline = true) {
  return { name, value: shorten(value, MAX_FIELD) || '—', inline };
}

function when(at: number): string {
  return `<t:${Math.floor(at / 1000)}:f>`;
}

const statusNames: Readonly<Record<Ticket['status'], string>> = {
  NEW: 'New, waits for approval',
  OPEN: 'Open',
  ASSIGNED: 'Assigned',
  IN_PROGRESS: 'In progress',
  WAITING: 'Waiting for the customer',
  RESOLVED: 'Resolved',
  CLOSED: 'Closed',
  REOPENED: 'Reopened',
  REJECTED: 'Rejected',
  WITHDRAWN: 'Withdrawn',
};

function closeRow(ticket: Ticket): Card['components'][number] {
  return {
    type: ComponentType.ActionRow,
    components: [
      {
        type: ComponentType.Button,
        style: ButtonStyle.Danger,
        label: 'Close',
        custom_id: `${closeButton}:${ticket.id}`,
        disabled: !isOpen(ticket),
      },
    ],
  };
}

/** The fields that hold nothing people wrote, and those that do. */
function fieldsOf(ticket: Ticket, bare: boolean) {
  const { status, issue_level, support_role, username, user_role, created_at } = ticket;
  const { assigned_to, close_reason } = ticket;
  return [
    field('Status', statusNames[status]),
    field('Level', issue_level),
    field('Support role', support_role),
    ...(bare ? [] : [field('Customer', escapeName(username))]),
    field('Customer role', user_role),
    field('Opened', when(created_at)),
    ...(assigned_to && !bare ? [field('Assigned to', escapeName(assigned_to))] : []),
    ...(close_reason && !bare ? [field('Reason', neutralise(close_reason), false)] : []),
  ];
}

/** The same card with every link in it broken. */
function withoutLinks(embed: APIEmbed): APIEmbed {
  const fields = embed.fields?.map((one) => ({ ...one, value: breakLinks(one.value) }));
  return {
    ...embed,
    title: breakLinks(embed.title ?? ''),
    description: shorten(breakLinks(embed.description ?? ''), 4096),
    ...(fields && { fields }),
  };
}

/** The card that opens a ticket's channel: all that is known of the ticket, and the way to close it. */
export function renderCard(ticket: Ticket, rendition: CardRendition = ''): Card {
  const components = [closeRow(ticket)];
  if (rendition === 'text') {
    const { number, issue_level, support_role } = ticket;
    const content = `**Ticket #${number}** · ${issue_level} · ${support_role}`;
    return { content, embeds: [], components };
  }
  const bare = rendition === 'bare';
  const topic = bare ? '' : `: ${escapeName(ticket.topic, MAX_TOPIC)}`;
  const embed: APIEmbed = {
    title: shorten(`Ticket #${ticket.number}${topic}`, 256),
    description: bare
      ? '*Discord does not take what this ticket is called or says: it follows below.*'
      : needsDescription(ticket, rendition)
        ? '*The description follows below.*'
        : neutralise(ticket.description),
    color: isOpen(ticket) ? colors[ticket.issue_level] : 0x747f8d,
    fields: fieldsOf(ticket, bare),
    footer: { text: `Ticket ${ticket.id}` },
  };
  return { embeds: [rendition === 'links' ? withoutLinks(embed) : embed], components };
}

/** Tells whether a card shows something else than it did. */
export function cardHash(ticket: Ticket): string {
  const shown = JSON.stringify(renderCard(ticket));
  return createHash('sha256').update(shown).digest('base64url').slice(0, 16);
}

/** True for a card of this ticket, whatever Discord makes of its texts. */
export function isCard({ embeds, components }: APIMessage, ticketId: string): boolean {
  if (!JSON.stringify(components ?? []).includes(`${closeButton}:${ticketId}`)) return false;
  return embeds.length > 0 || (components ?? []).length > 0;
}
