import type { Channel, Json, User } from './entities.ts';

/** A gateway event on its way out. `sees` decides, user by user, whose sessions get it. */
export interface Outgoing {
  name: string;
  data: Json;
  dm: boolean;
  /** Told to members at large, so not while the server is out of order. */
  guildWide: boolean;
  sees: (user: User) => boolean;
}

/** Who an event is for: those who may view the channel, one user alone, or the whole guild. */
export interface Audience {
  channel?: Channel;
  only?: string;
}
