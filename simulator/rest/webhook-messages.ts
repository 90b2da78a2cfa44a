import { createHash } from 'node:crypto';
import type { Interaction, Webhook } from '../app-entities.ts';
import { bodyOf, type Call, NO_CONTENT, ok, param, type Reply } from '../call.ts';
import { type Channel, type Message, MessageFlag, type User } from '../entities.ts';
import { ApiError, unknown } from '../errors.ts';
import { respond } from '../interaction-messages.ts';
import { editMessage } from '../message-edit.ts';
import { createMessage, deleteMessage } from '../messages.ts';
import { renderMessage } from '../render-message.ts';
import { route } from '../router.ts';
import { validate } from '../validation/fields.ts';
import { editedMessage, webhookMessage } from '../validation/messages.ts';
import { checkWebhookName } from './webhooks.ts';

/** Who writes through a webhook's address: an incoming webhook, or the application answering an interaction. */
type Source =
  | { kind: 'webhook'; webhook: Webhook; channel: Channel; author: User }
  | { kind: 'interaction'; interaction: Interaction; channel: Channel; author: User };

function sourceOf(call: Call): Source {
  const { world } = call;
  if (param(call, 'webhook') === world.application.id) return interactionOf(call);
  const webhook = world.webhooks.get(param(call, 'webhook'));
  if (!webhook) throw unknown('webhook');
  if (webhook.token !== param(call, 'token')) throw badToken();
  const threadId = call.query.get('thread_id');
  const channel = world.channels.get(threadId ?? webhook.channel_id);
  const author = world.users.get(webhook.user_id);
  if (!channel || !author || (threadId && channel.parent_id !== webhook.channel_id)) {
    throw unknown('channel');
  }
  return { kind: 'webhook', webhook, channel, author };
}

/** Works once the interaction was answered, for fifteen minutes. */
function interactionOf({ world, params }: Call): Source {
  const interaction = world.interactionByToken(params.token ?? '');
  if (!interaction) throw badToken();
  const age = Date.now() - interaction.created_at;
  if (age > world.settings.interactionLifetimeMs) throw badToken();
  if (interaction.state !== 'answered') throw unknown('webhook');
  const channel = world.channels.get(interaction.channel_id);
  const author = world.users.get(world.application.id);
  if (!channel || !author) throw unknown('channel');
  return { kind: 'interaction', interaction, channel, author };
}

function badToken(): ApiError {
  return new ApiError(401, 50027, 'Invalid Webhook Token');
}

/** Discord fetches the picture, keeps it, and tells of it by a hash; every picture is there for the simulator. */
const avatarOf = (url: string | null | undefined) =>
  url ? createHash('md5').update(url).digest('hex') : undefined;

function execute(call: Call): Reply {
  const { world, files } = call;
  const source = sourceOf(call);
  const body = bodyOf(call, webhookMessage);
  if (source.kind === 'interaction') {
    return ok(renderMessage(world, followUp(call, source.interaction, source, body)));
  }
  const { webhook, channel, author } = source;
  if (body.username) checkWebhookName(body.username, 'username');
  const message = createMessage(world, {
    channel,
    author,
    body,
    files,
    webhook: {
      id: webhook.id,
      name: body.username ?? webhook.name,
      avatar: avatarOf(body.avatar_url) ?? webhook.avatar,
    },
    ...(webhook.application_id === null ? {} : { applicationId: webhook.application_id }),
  });
  return call.query.get('wait') === 'true' ? ok(renderMessage(world, message)) : NO_CONTENT;
}

/** The first follow-up after "thinking…" takes its place; it keeps the privacy that was announced then. */
function followUp(
  call: Call,
  interaction: Interaction,
  source: { channel: Channel; author: User },
  body: ReturnType<typeof webhookMessage>,
): Message {
  const { world, files } = call;
  const { channel, author } = source;
  const original = world.message(channel.id, interaction.response_message_id ?? '');
  if (original && (original.flags & MessageFlag.loading) !== 0) {
    fill(call, original, validate(editedMessage, { ...(call.body as object), flags: undefined }));
    return original;
  }
  const message = respond(world, interaction, channel, author, body, files);
  interaction.message_ids.push(message.id);
  return message;
}

function fill(call: Call, message: Message, body: ReturnType<typeof editedMessage>): void {
  const waited = (message.flags & MessageFlag.loading) !== 0;
  editMessage(call.world, message, body, call.files, () => {
    message.flags &= ~MessageFlag.loading;
    if (waited) message.edited_timestamp = null;
  });
}

function find(call: Call, source: Source): Message {
  const { world } = call;
  const wanted = param(call, 'original');
  const isOriginal = wanted === '@original';
  const own = source.kind === 'interaction' ? source.interaction : undefined;
  const id = isOriginal ? (own?.response_message_id ?? '') : wanted;
  const message = world.message(source.channel.id, id);
  const mine =
    source.kind === 'webhook'
      ? message?.webhook_id === source.webhook.id
      : isOriginal || (own?.message_ids.includes(id) ?? false);
  if (!message || !mine) throw unknown('message');
  return message;
}

function getMessage(call: Call): Reply {
  return ok(renderMessage(call.world, find(call, sourceOf(call))));
}

function patchMessage(call: Call): Reply {
  const message = find(call, sourceOf(call));
  fill(call, message, bodyOf(call, editedMessage));
  return ok(renderMessage(call.world, message));
}

function removeMessage(call: Call): Reply {
  deleteMessage(call.world, find(call, sourceOf(call)));
  return NO_CONTENT;
}

const BASE = '/webhooks/:webhook/:token';
const ONE = `${BASE}/messages/:original`;

export const webhookMessageRoutes = [
  route('POST', BASE, execute, { open: true, limit: [5, 2] }),
  route('GET', ONE, getMessage, { open: true, limit: [5, 2] }),
  route('PATCH', ONE, patchMessage, { open: true, limit: [5, 2] }),
  route('DELETE', ONE, removeMessage, { open: true, limit: [5, 2] }),
];
