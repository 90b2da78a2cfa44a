import { createHash, randomBytes } from 'node:crypto';
import type { Webhook } from '../app-entities.ts';
import {
  bodyOf,
  type Call,
  callerOf,
  channelOf,
  NO_CONTENT,
  need,
  needInGuild,
  ok,
  param,
  type Reply,
} from '../call.ts';
import type { Channel } from '../entities.ts';
import { ApiError, invalidField, refused, unknown } from '../errors.ts';
import { P } from '../permissions.ts';
import { renderWebhook } from '../render.ts';
import { route } from '../router.ts';
import { nextSnowflake } from '../snowflake.ts';
import { maybe, object, optional, snowflake, text } from '../validation/fields.ts';

const PER_CHANNEL = 15;
const newBody = object({ name: text({ min: 1, max: 80 }), avatar: maybe(text()) });
const editBody = object({
  name: optional(text({ min: 1, max: 80 })),
  avatar: maybe(text()),
  channel_id: optional(snowflake),
});

const RESERVED = ['clyde', 'discord', '@', '#', ':', '```'];

/** Names Discord keeps for itself, and marks that no name may have. */
export function checkWebhookName(name: string, field: string): void {
  const lower = name.toLowerCase();
  const taken = RESERVED.find((word) => lower.includes(word));
  if (taken) {
    const message = `Username cannot contain "${taken}"`;
    throw invalidField([field], 'USERNAME_INVALID_CONTAINS', message);
  }
  if (['everyone', 'here'].includes(lower)) {
    throw invalidField([field], 'USERNAME_INVALID', `Username cannot be "${lower}"`);
  }
}

function listOfChannel(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call, P.MANAGE_WEBHOOKS);
  const found = [...world.webhooks.values()].filter((w) => w.channel_id === channel.id);
  return ok(found.map((w) => renderWebhook(world, w, true)));
}

function listOfGuild(call: Call): Reply {
  needInGuild(call, P.MANAGE_WEBHOOKS);
  return ok([...call.world.webhooks.values()].map((w) => renderWebhook(call.world, w, true)));
}

function createWebhook(call: Call): Reply {
  const { world } = call;
  const channel = channelOf(call, P.MANAGE_WEBHOOKS);
  const body = bodyOf(call, newBody);
  checkWebhookName(body.name, 'name');
  const there = [...world.webhooks.values()].filter((w) => w.channel_id === channel.id);
  if (there.length >= PER_CHANNEL) {
    throw refused(30007, `Maximum number of webhooks reached (${PER_CHANNEL})`);
  }
  const caller = callerOf(call);
  const webhook: Webhook = {
    id: nextSnowflake(),
    type: 1,
    channel_id: channel.id,
    name: body.name,
    avatar: body.avatar ? createHash('md5').update(body.avatar).digest('hex') : null,
    token: randomBytes(51).toString('base64url'),
    user_id: caller.id,
    application_id: caller.bot ? world.application.id : null,
  };
  world.webhooks.set(webhook.id, webhook);
  announce(call, channel);
  return ok(renderWebhook(world, webhook, true));
}

/** The webhook of the path: by token without a caller, else for those who manage webhooks in its channel. */
function webhookOf(call: Call): { webhook: Webhook; channel: Channel } {
  const { world } = call;
  const webhook = world.webhooks.get(param(call, 'webhook'));
  const channel = world.channels.get(webhook?.channel_id ?? '');
  if (!webhook || !channel) throw unknown('webhook');
  if (call.params.token === undefined) need(call, channel, P.MANAGE_WEBHOOKS);
  else if (call.params.token !== webhook.token) {
    throw new ApiError(401, 50027, 'Invalid Webhook Token');
  }
  return { webhook, channel };
}

function getWebhook(call: Call): Reply {
  const { webhook } = webhookOf(call);
  return ok(renderWebhook(call.world, webhook, call.params.token === undefined));
}

function editWebhook(call: Call): Reply {
  const { world } = call;
  const { webhook, channel } = webhookOf(call);
  const body = bodyOf(call, editBody);
  if (body.name !== undefined) {
    checkWebhookName(body.name, 'name');
    webhook.name = body.name;
  }
  if (body.channel_id !== undefined && call.params.token === undefined) {
    const target = world.channels.get(body.channel_id);
    if (!target) throw unknown('channel');
    need(call, target, P.MANAGE_WEBHOOKS);
    webhook.channel_id = target.id;
    announce(call, target);
  }
  announce(call, channel);
  return ok(renderWebhook(world, webhook, call.params.token === undefined));
}

function deleteWebhook(call: Call): Reply {
  const { webhook, channel } = webhookOf(call);
  call.world.webhooks.delete(webhook.id);
  announce(call, channel);
  return NO_CONTENT;
}

function announce({ world }: Call, channel: Channel): void {
  const data = { guild_id: channel.guild_id, channel_id: channel.id };
  world.emit('WEBHOOKS_UPDATE', data, { channel });
}

const WITH_TOKEN = '/webhooks/:webhook/:token';

export const webhookRoutes = [
  route('GET', '/channels/:channel/webhooks', listOfChannel),
  route('POST', '/channels/:channel/webhooks', createWebhook),
  route('GET', '/guilds/:guild/webhooks', listOfGuild),
  route('GET', '/webhooks/:webhook', getWebhook),
  route('PATCH', '/webhooks/:webhook', editWebhook),
  route('DELETE', '/webhooks/:webhook', deleteWebhook),
  route('GET', WITH_TOKEN, getWebhook, { open: true }),
  route('PATCH', WITH_TOKEN, editWebhook, { open: true }),
  route('DELETE', WITH_TOKEN, deleteWebhook, { open: true }),
];
