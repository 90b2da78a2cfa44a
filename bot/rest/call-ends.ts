import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import type { Bridge } from '../bridge.ts';
import { isUnauthorized } from './discord-errors.ts';
import { inAwakePost } from './waking.ts';

/** The kinds of calls the bridge makes; what an error means depends on what was asked. */
export type CallKind =
  | 'post_message'
  | 'edit_message'
  | 'delete_message'
  | 'pin_message'
  | 'react'
  | 'read_messages'
  | 'create_channel'
  | 'create_category'
  | 'change_channel'
  | 'delete_channel'
  | 'read_webhooks'
  | 'create_webhook'
  | 'execute_webhook'
  | 'change_webhook_message'
  | 'read_channel'
  | 'read_guild'
  | 'open_thread'
  | 'create_forum'
  | 'open_forum_post'
  | 'commands';

/** What Discord will not take, however often it is asked. */
export type Refusal =
  | 'content'
  | 'files'
  | 'name'
  | 'category'
  | 'overwrites'
  | 'permission'
  | 'guild_full'
  | 'limit'
  | 'kind'
  | 'other';

export type Gone = 'message' | 'channel' | 'guild' | 'webhook';

/**
 * How a call ends that was not done. `later`: transient, tried again with back-off. `refused`:
 * permanent, so that something else is done in its place. `gone`: what it was about is not there.
 */
export type End =
  | { end: 'later' }
  | { end: 'refused'; cause: Refusal }
  | { end: 'gone'; what: Gone };

interface Rule {
  kinds?: readonly CallKind[];
  status?: readonly number[];
  codes?: readonly number[];
  /** A field that Discord finds fault with. */
  field?: string;
  end: End;
}

const later: End = { end: 'later' };
const gone = (what: Gone): End => ({ end: 'gone', what });
const refused = (cause: Refusal): End => ({ end: 'refused', cause });

const ofMessages = ['edit_message', 'delete_message', 'pin_message', 'react'] as const;
const ofText = [
  'post_message',
  'edit_message',
  'execute_webhook',
  'change_webhook_message',
  'open_forum_post',
] as const;
const ofChannels = ['create_channel', 'create_category', 'create_forum', 'change_channel'] as const;

/**
 * The one table of how calls end: the first rule that fits. The codes are Discord's JSON error codes;
 * an error without one, such as a proxy's page, goes by its status.
 */
const rules: readonly Rule[] = [
  { codes: [10003], end: gone('channel') },
  { codes: [10004], end: gone('guild') },
  { codes: [10008], end: gone('message') },
  // Deleted, or its token is another one by now.
  { codes: [10015, 50027], end: gone('webhook') },
  { status: [408, 425, 429], end: later },
  { codes: [30013], end: refused('guild_full') },
  // Pins, webhooks of a channel and of a server, reactions, channels a day, edits of old messages, threads.
  { codes: [30003, 30007, 30010, 30016, 30046, 30058, 160006], end: refused('limit') },
  // No forum may be here; a post of this one needs a tag.
  { kinds: ['create_forum', 'open_forum_post'], codes: [50024, 40067], end: refused('kind') },
  { codes: [10011], end: refused('overwrites') },
  { codes: [40005], end: refused('files') },
  { status: [413], end: refused('files') },
  // AutoMod, titles blocked by it, harmful links.
  { kinds: ofText, codes: [200000, 200001, 240000], end: refused('content') },
  { kinds: ofChannels, codes: [200000, 200001, 240000], end: refused('name') },
  { kinds: ofChannels, field: 'parent_id', end: refused('category') },
  { kinds: ofChannels, field: 'permission_overwrites', end: refused('overwrites') },
  { kinds: ofChannels, field: 'name', end: refused('name') },
  { kinds: ofChannels, field: 'topic', end: refused('name') },
  { kinds: ['execute_webhook'], field: 'username', end: refused('name') },
  { kinds: ['execute_webhook'], field: 'avatar_url', end: refused('name') },
  { kinds: ofText, field: 'attachments', end: refused('files') },
  { kinds: ofText, field: 'files', end: refused('files') },
  { status: [403], end: refused('permission') },
  { kinds: ofText, status: [400], end: refused('content') },
  { kinds: ['create_channel'], status: [400], end: refused('name') },
  { kinds: ['execute_webhook'], status: [401, 404], end: gone('webhook') },
  { kinds: ['change_webhook_message'], status: [401], end: gone('webhook') },
  { kinds: ['change_webhook_message'], status: [404], end: gone('message') },
  { kinds: ofMessages, status: [404], end: gone('message') },
  {
    kinds: ['create_channel', 'create_category', 'create_forum', 'read_guild'],
    status: [404],
    end: gone('guild'),
  },
  { status: [404], end: gone('channel') },
];

function fieldsOf({ rawError }: DiscordAPIError): Record<string, unknown> {
  const errors = rawError && 'errors' in rawError ? rawError.errors : undefined;
  return typeof errors === 'object' && errors !== null ? { ...errors } : {};
}

function fits(rule: Rule, kind: CallKind, error: DiscordAPIError): boolean {
  if (rule.kinds && !rule.kinds.includes(kind)) return false;
  if (rule.status && !rule.status.includes(error.status)) return false;
  if (rule.codes && !rule.codes.includes(Number(error.code))) return false;
  return rule.field === undefined || rule.field in fieldsOf(error);
}

/**
 * How a call of this kind ended that threw `error`.
 * @returns undefined for what is not Discord's answer: a lost lease, a refused token, a bug of ours
 */
export function endOf(kind: CallKind, error: unknown): End | undefined {
  if (isUnauthorized(error)) return undefined;
  if (error instanceof RateLimitError || error instanceof HTTPError) return later;
  if (!(error instanceof DiscordAPIError)) return undefined;
  if (error.status >= 500) return later;
  return rules.find((rule) => fits(rule, kind, error))?.end ?? refused('other');
}

export type Outcome<T> =
  | { end: 'done'; value: T }
  | { end: 'refused'; cause: Refusal; error: DiscordAPIError }
  | { end: 'gone'; what: Gone; error: DiscordAPIError };

const reads: readonly CallKind[] = ['read_messages', 'read_channel', 'read_guild', 'read_webhooks'];

/**
 * Makes one call to Discord. The caller is handed what is permanent, and must do something else
 * instead; what is transient is thrown, for the ticket's queue to back off. Nothing is written
 * without the lease.
 * @throws LeaseLost, and the error of a call that ended `later`
 */
export async function callDiscord<T>(
  bridge: Pick<Bridge, 'lease' | 'rest' | 'tickets'>,
  kind: CallKind,
  call: () => Promise<unknown>,
): Promise<Outcome<T>> {
  if (!reads.includes(kind)) bridge.lease.require();
  try {
    return { end: 'done', value: (await inAwakePost(bridge, call)) as T };
  } catch (error) {
    const end = endOf(kind, error);
    if (!end || end.end === 'later') throw error;
    return { ...end, error: error as DiscordAPIError };
  }
}
