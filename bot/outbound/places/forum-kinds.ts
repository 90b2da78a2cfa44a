import { issueLevels, supportRoles } from '../../../src/contract/ticket-words.ts';
import type { Ticket } from '../../../src/domain/log/entry.ts';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import type { Place } from './channels.ts';

/** What a forum is for: the tickets of one level that the same people see. */
export type Kind = Pick<Ticket, 'issue_level' | 'support_role'>;

export function isSameKind(a: Kind, b: Kind): boolean {
  return a.issue_level === b.issue_level && a.support_role === b.support_role;
}

/** By this a forum is found again; its name is anybody's to change. */
export function markerOf({ issue_level, support_role }: Kind): string {
  return `[deskcord ${issue_level} ${support_role}]`;
}

/** What a forum is for, by its marker; undefined for any other. */
export function kindOf(topic: string | null | undefined): Kind | undefined {
  const [, level, role] = /\[deskcord ([A-Z]+) ([A-Z]+)\]$/.exec(topic ?? '') ?? [];
  const issue_level = issueLevels.find((one) => one === level);
  const support_role = supportRoles.find((one) => one === role);
  return issue_level && support_role && { issue_level, support_role };
}

/** True where a post stands where the ticket belongs by its level and support role. */
export function isInPlace({ ticket, mirror }: MirroredTicket): boolean {
  const { issue_level, support_role } = (mirror.shown ?? {}) as Partial<Place>;
  return issue_level === ticket.issue_level && support_role === ticket.support_role;
}

/** What a forum is for by the tickets whose posts stand in it, whatever its guidelines say; loads them where needed. */
export async function kindInside({ tickets }: Bridge, forumId: string): Promise<Kind | undefined> {
  for (const id of tickets.inForum(forumId)) {
    const ticket = await tickets.load(id);
    if (ticket && isInPlace(ticket)) return ticket.ticket;
  }
  return undefined;
}
