import type { Json } from './entities.ts';

export interface Webhook {
  id: string;
  type: 1;
  channel_id: string;
  name: string;
  avatar: string | null;
  token: string;
  user_id: string;
  application_id: string | null;
}

export interface Command {
  id: string;
  application_id: string;
  guild_id?: string;
  version: string;
  type: number;
  name: string;
  description: string;
  options: Json[];
  default_member_permissions: string | null;
  nsfw: boolean;
  /** Whatever else the body had, given back as it came. */
  extra: Json;
}

export interface Interaction {
  id: string;
  token: string;
  type: number;
  user_id: string;
  channel_id: string;
  nonce: string | number | null;
  created_at: number;
  state: 'pending' | 'answered' | 'failed';
  data: Json;
  /** The message whose component was used. */
  message_id?: string;
  metadata: Json;
  /** Type and data of the first answer. */
  response?: { type: number; data: unknown };
  response_message_id?: string;
  /** Every message it produced, oldest first; ephemeral ones included. */
  message_ids: string[];
  deferred_ephemeral: boolean;
  modal?: Json;
}
