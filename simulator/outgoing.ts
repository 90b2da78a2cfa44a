import type { Channel, Json, User } from './entities.ts';

/** A gateway event on its way out. `sees` decides, user by user, whose sessions get it. */
export interface Outgoing {
  name: string;
  data: Json;
  dm: boolean;
  /** The server whose members at large are told, so not while it is out of order; null for one user's own. */
  guild: string | null;
  sees: (user: User) => boolean;
}

/** Who an event is for: those who may view the channel, one user alone, or the whole guild. */
export interface Audience {
  channel?: Channel;
  only?: string;
}
