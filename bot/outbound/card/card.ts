import { createHash } from 'node:crypto';
import {
  type APIActionRowComponent,
  type APIComponentInMessageActionRow,
  type APIEmbed,
  type APIMessage,
  ButtonStyle,
  ComponentType,
} from 'discord.js';
import { type IssueLevel, issueLevels } from '../../../src/contract/tickets.ts';
import type { Ticket } from '../../../src/domain/log/entry.ts';
import { isOpen } from '../../../src/domain/tickets/workflow.ts';
import { escapeName, MAX_TOPIC, neutralise, shorten } from '../../format.ts';
import { breakLinks } from '../posts/renditions.ts';
import { type CardFacts, type CardTimes, fieldsOf } from './card-fields.ts';

/** A description up to this length, once harmless, stands in the card whole. */
const MAX_DESCRIPTION = 3500;

/** The parts before the first colon of what the card's buttons and its menu are known by. */
export const cardActions = {
  claim: 'claim',
  unclaim: 'unclaim',
  note: 'note',
  close: 'close',
  more: 'more',
  contact: 'contact',
  level: 'level',
} as const;

const colors: Record<IssueLevel, number> = {
  NORMAL: 0x3ba55d,
  URGENT: 0xfaa61a,
  CRITICAL: 0xed4245,
};

export type Row = APIActionRowComponent<APIComponentInMessageActionRow>;

export interface Card {
  content?: string;
  embeds: APIEmbed[];
  components: Row[];
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

interface Look {
  style?: ButtonStyle.Primary | ButtonStyle.Secondary | ButtonStyle.Danger;
  off?: boolean;
}

/** The buttons, and the menu of levels, which takes a row of its own. */
function rowsOf(ticket: Ticket): Row[] {
  const disabled = !isOpen(ticket);
  const button = (
    name: keyof typeof cardActions,
    label: string,
    { style = ButtonStyle.Secondary, off = disabled }: Look = {},
  ) => ({
    type: ComponentType.Button as const,
    style,
    label,
    custom_id: `${cardActions[name]}:${ticket.id}`,
    disabled: off,
  });
  const claim =
    ticket.assigned_to === null
      ? button('claim', 'Claim', { style: ButtonStyle.Primary })
      : button('unclaim', 'Unclaim');
  const contact = ticket.email === null ? [] : [button('contact', 'Show e-mail', { off: false })];
  return [
    {
      type: ComponentType.ActionRow,
      components: [
        claim,
        button('note', 'Note', { off: false }),
        button('close', 'Close', { style: ButtonStyle.Danger }),
        button('more', 'More'),
        ...contact,
      ],
    },
    {
      type: ComponentType.ActionRow,
      components: [
        {
          type: ComponentType.StringSelect,
          custom_id: `${cardActions.level}:${ticket.id}`,
          placeholder: 'Level',
          disabled,
          options: issueLevels.map((level) => ({
            label: `Level: ${level}`,
            value: level,
            default: level === ticket.issue_level,
          })),
        },
      ],
    },
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

function descriptionOf(ticket: Ticket, rendition: CardRendition): string {
  if (rendition === 'bare') {
    return '*Discord does not take what this ticket is called or says: it follows below.*';
  }
  if (needsDescription(ticket, rendition)) return '*The description follows below.*';
  return neutralise(ticket.description);
}

/** What tells staff why a ticket is not where they look for it. */
const IN_FORUM = 'a post, since the server has hardly any room for channels';

/**
 * The card that opens a ticket's channel: all that is known of the ticket, and the ways to work on it.
 * The customer's e-mail address is not in it: a button shows it to one person, and that is written down.
 * @param inForum it opens a post in a forum instead
 */
export function renderCard(
  ticket: Ticket,
  times: CardTimes,
  facts: CardFacts | undefined,
  rendition: CardRendition = '',
  inForum = false,
): Card {
  const components = rowsOf(ticket);
  if (rendition === 'text') {
    const { number, issue_level, support_role } = ticket;
    const content = `**Ticket #${number}** · ${issue_level} · ${support_role}`;
    return { content: inForum ? `${content} · ${IN_FORUM}` : content, embeds: [], components };
  }
  const bare = rendition === 'bare';
  const topic = bare ? '' : `: ${escapeName(ticket.topic, MAX_TOPIC)}`;
  const title = shorten(`Ticket #${ticket.number}${topic}`, 256);
  const description = descriptionOf(ticket, rendition);
  const footer = `Ticket ${ticket.id}${inForum ? ` · ${IN_FORUM}` : ''}`;
  const used = title.length + description.length + footer.length;
  const embed: APIEmbed = {
    title,
    description,
    color: isOpen(ticket) ? colors[ticket.issue_level] : 0x747f8d,
    fields: fieldsOf(ticket, times, facts, { bare, used }),
    footer: { text: footer },
  };
  return { embeds: [rendition === 'links' ? withoutLinks(embed) : embed], components };
}

/** The last hash of a ticket as it is, and what beside it that was made of. */
const hashes = new WeakMap<Ticket, { of: string; hash: string }>();

/**
 * Tells whether a card shows something else than it did; what is read for a new one alone left out. Asked
 * before every post, so the card is rendered for it only where something has changed.
 */
export function cardHash(ticket: Ticket, times: CardTimes, inForum = false): string {
  const of = JSON.stringify([times, inForum]);
  const known = hashes.get(ticket);
  if (known?.of === of) return known.hash;
  const shown = JSON.stringify(renderCard(ticket, times, undefined, '', inForum));
  const hash = createHash('sha256').update(shown).digest('base64url').slice(0, 16);
  hashes.set(ticket, { of, hash });
  return hash;
}

/** True for a card of this ticket, whatever Discord makes of its texts. */
export function isCard({ embeds, components }: APIMessage, ticketId: string): boolean {
  const mark = `"${cardActions.close}:${ticketId}"`;
  if (!JSON.stringify(components ?? []).includes(mark)) return false;
  return embeds.length > 0 || (components ?? []).length > 0;
}

/** The ticket that a message is the card of. */
export function ticketOfCard({ components }: APIMessage): string | undefined {
  const pattern = new RegExp(`"${cardActions.close}:([0-9a-f]{24})"`);
  return pattern.exec(JSON.stringify(components ?? []))?.[1];
}
