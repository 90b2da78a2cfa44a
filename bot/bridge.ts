import type { Client, REST } from 'discord.js';
import type { DiscordConfig } from '../src/config.ts';
import type { AppContext } from '../src/context.ts';
import type { GrantCheck } from '../src/domain/consumers/grant-check.ts';
import type { KeyedQueue } from '../src/domain/consumers/keyed-queue.ts';
import type { HeldLease } from '../src/domain/consumers/lease.ts';
import type { Log } from '../src/infra/log.ts';
import type { Guilds } from './guilds/guild-state.ts';
import type { Drained } from './inbound/drain.ts';
import type { Inbox } from './inbound/inbox.ts';
import type { MirroredTicket, Tickets } from './mirrored-tickets.ts';
import type { Room } from './outbound/places/room.ts';
import type { Problems } from './problems.ts';
import type { GuildSettings, IdSource } from './settings.ts';

/** Why a session of the bridge ended. */
export type Ending =
  | { why: 'stopped' }
  | { why: 'lease' }
  /** Discord refuses the token, or an intent; or something else that only an operator can mend. */
  | { why: 'refused'; reason: string }
  | { why: 'failed'; reason: string };

/**
 * One stretch of being the bridge: from taking the lease and logging in to losing either. Of a desk with
 * several guilds there is one for each, over one session: `discord`, `settings`, `ids`, `problems`, `room` and
 * `makingCategory` are a guild's own, all else is the same.
 */
export interface Bridge {
  ctx: AppContext;
  log: Log;
  /** Of the guilds but the first without the ids that the environment names. */
  discord: DiscordConfig;
  /** All the desk's, this one among them. */
  guilds: Guilds;
  /** Roles, categories and channels: read here, never from `discord`. */
  settings: GuildSettings;
  /** Where the stored ones of `settings` come from; undefined until the guild is known. */
  ids: IdSource | undefined;
  lease: HeldLease;
  /** Asked before a post that no write under the lease's fencing token goes ahead of. */
  grant: GrantCheck;
  client: Client;
  rest: REST;
  tickets: Tickets;
  /** From the log to Discord, by ticket id. */
  outbound: KeyedQueue;
  /** From Discord to the log, by ticket id. */
  inbound: KeyedQueue;
  /** What an operator has to mend. */
  problems: Problems;
  /** Which tickets may have a channel, where there are not enough of them. */
  room: Room;
  /** When the bridge last got something through to Discord (monotonic milliseconds). */
  lastDelivery: number;
  /** Since when tickets fail to get through (monotonic milliseconds), by ticket id. */
  failing: Map<string, number>;
  /** What waits to be ingested, by ticket id; only of tickets whose channel is there. */
  inboxes: Map<string, Inbox>;
  /** Interactions that are being answered. */
  answering: Set<Promise<void>>;
  /** Categories that were found full, and until when (monotonic milliseconds) they are believed to be. */
  fullUntil: Map<string, number>;
  /** Marks on their way to Discord, by channel id. */
  marking: Map<string, Promise<void>>;
  /** The overflow category being made: one at a time, so that none is made twice. */
  makingCategory: Promise<unknown>;
  /** Grows whenever events may have been missed: what was caught up before is not any more. */
  generation: number;
  /** When the gateway's present session began, milliseconds since 1970; Infinity while there is none. */
  readyAt: number;
  /** Since when the present `DISCORD_REPLY_MODE` is in force, milliseconds since 1970; Infinity until it is known. */
  replyModeSince: number;
  /** For how long a webhook's post of unknown outcome may still come to Discord, in milliseconds. */
  settleMs: number;
  /** When this session began (monotonic milliseconds). */
  startedAt: number;
  /** How long a message waits for a file that cannot be fetched, in milliseconds. */
  filePatienceMs: number;
  /**
   * Reads a closed ticket's channel to its end, ingests what was written before the closing, and
   * gathers what will not reach the customer. The inbound side's, for the outbound side to call.
   */
  drainInbound(ticket: MirroredTicket): Promise<Drained>;
  /** Tries again to pass on a message that was refused. The inbound side's, for a button to call. */
  tryAgain(ticket: MirroredTicket, messageId: string): Promise<string>;
  /** Ends the session; only the first reason counts. */
  end(ending: Ending): void;
  ended: boolean;
}

/** Of a message, as discord.js makes it or as Discord lists it, what says where it comes from. */
export interface Origin {
  author: { id: string; bot?: boolean };
  webhookId?: string | null;
  webhook_id?: string;
  applicationId?: string | null;
  application_id?: string;
}

/** True for what one of our own webhooks says, whichever of them: it belongs to our application. */
export function isOfOurWebhook({ client }: Pick<Bridge, 'client'>, message: Origin): boolean {
  const application = message.applicationId ?? message.application_id;
  const isHook = Boolean(message.webhookId ?? message.webhook_id);
  return isHook && application !== undefined && application === client.application?.id;
}

/** The bot's own user id. */
export function selfId(bridge: Bridge): string {
  return bridge.client.user?.id ?? '';
}
