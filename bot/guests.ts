import { displayName } from '../src/contract/text.ts';
import type { Actor } from '../src/domain/access/actor.ts';
import type { Bridge } from './bridge.ts';
import { actorOf, type Person } from './people.ts';

/** People who may be let into one channel by hand. */
export const MOST_GUESTS = 10;

/** Whether somebody was let by hand into a ticket's channel: what they write there is a note. */
export function isGuest(
  { tickets }: Pick<Bridge, 'tickets'>,
  channelId: string | null,
  personId: string,
): boolean {
  return channelId !== null && tickets.guestsIn(channelId).some(({ id }) => id === personId);
}

/** A guest as who writes a note; the ticket is theirs to see, whoever takes care of it. */
export function guestActor({ settings }: Bridge, person: Person): Actor {
  const { id, name } = person;
  const actor = actorOf(settings, { id, name, roles: [] });
  return { ...actor, username: displayName(`${name} (guest)`, 'staff'), manages: true };
}
