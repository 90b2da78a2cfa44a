import type { Channel } from './entities.ts';

/** A channel with everything at its default but what is given. */
export function emptyChannel(
  given: Pick<Channel, 'id' | 'guild_id' | 'name' | 'type'> & Partial<Channel>,
): Channel {
  return {
    topic: null,
    position: 0,
    parent_id: null,
    nsfw: false,
    rate_limit_per_user: 0,
    permission_overwrites: [],
    last_message_id: null,
    last_pin_timestamp: null,
    recipients: [],
    ...given,
  };
}
