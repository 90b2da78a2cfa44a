import { bodyOf, type Call, callerOf, channelOf, need, ok, type Reply } from '../call.ts';
import { type Channel, ChannelType, type Json, type Message, MessageFlag } from '../entities.ts';
import { ApiError, missingPermissions, refused, unknown } from '../errors.ts';
import { createMessage } from '../messages.ts';
import { P } from '../permissions.ts';
import { renderMessage } from '../render-message.ts';
import { route } from '../router.ts';
import { checkRoomForThread } from '../thread-state.ts';
import { type NewMessage, newMessage } from '../validation/messages.ts';
import { readForward, readReply } from './references.ts';

function postMessage(call: Call): Reply {
  const { world, files } = call;
  const author = callerOf(call);
  const channel = channelOf(call);
  if (channel.type === ChannelType.category || channel.type === ChannelType.forum) {
    throw refused(50008, 'Cannot send messages in a non-text channel');
  }
  needToWrite(call, channel);
  const body = bodyOf(call, newMessage);
  needForParts(call, channel, body);
  const known = sameNonce(call, channel, body);
  if (known) return ok(withNonce(known, renderMessage(world, known)));
  const draft = { channel, author, body, files, nonce: body.nonce };
  const forwards = body.message_reference?.type === 1;
  const origin = forwards ? readForward(call, channel, body) : readReply(call, channel, body);
  const message = createMessage(world, { ...draft, ...origin });
  rememberNonce(call, message);
  return ok(withNonce(message, renderMessage(world, message)));
}

function withNonce(message: Message, data: Json): Json {
  return message.nonce === undefined ? data : { ...data, nonce: message.nonce };
}

function needToWrite(call: Call, channel: Channel): void {
  const { world } = call;
  const { id } = callerOf(call);
  need(call, channel, channel.thread ? P.SEND_MESSAGES_IN_THREADS : P.SEND_MESSAGES);
  const barred = channel.recipients.some((other) => world.blocked.get(other)?.has(id));
  if (barred) throw new ApiError(403, 50007, 'Cannot send messages to this user');
  if (channel.thread?.archived) checkRoomForThread(world);
  if (!channel.thread?.locked) return;
  const moderates = (world.permissionsOf(id, channel) & P.MANAGE_THREADS) !== 0n;
  if (!moderates) throw refused(160005, 'Thread is locked');
}

/** What a message brings needs permissions of its own. */
export function needForParts(
  call: Call,
  channel: Channel,
  body: Partial<Pick<NewMessage, 'embeds' | 'tts' | 'poll' | 'flags'>>,
): void {
  if (call.files.length > 0) need(call, channel, P.ATTACH_FILES);
  if (body.embeds?.length && callerOf(call).bot) need(call, channel, P.EMBED_LINKS);
  if (body.tts) need(call, channel, P.SEND_TTS_MESSAGES);
  if (body.poll) need(call, channel, P.SEND_POLLS);
  if (((body.flags ?? 0) & MessageFlag.voiceMessage) === 0) return;
  const held = call.world.permissionsOf(callerOf(call).id, channel);
  if ((held & P.ATTACH_FILES) === 0n) throw missingPermissions();
  if ((held & P.SEND_VOICE_MESSAGES) === 0n) {
    throw new ApiError(403, 50173, 'Cannot send voice messages in this channel.');
  }
}

function nonceKey(channelId: string, authorId: string, nonce: string | number): string {
  return `${authorId}|${channelId}|${nonce}`;
}

/** The message the same author already made with this nonce; gone ones are an error, as at Discord. */
function sameNonce(call: Call, channel: Channel, body: NewMessage): Message | undefined {
  const { world } = call;
  if (!body.enforce_nonce || body.nonce == null) return undefined;
  const key = nonceKey(channel.id, callerOf(call).id, body.nonce);
  const known = world.nonces.get(key);
  if (!known || Date.now() - known.at > world.settings.nonceWindowMs) return undefined;
  const message = world.log(channel.id).get(known.messageId);
  if (!message) throw unknown('message');
  return message;
}

function rememberNonce({ world }: Call, message: Message): void {
  if (message.nonce === undefined) return;
  const at = Date.now();
  const key = nonceKey(message.channel_id, message.author_id, message.nonce);
  world.nonces.delete(key);
  world.nonces.set(key, { messageId: message.id, at });
  for (const [old, kept] of world.nonces) {
    if (at - kept.at <= world.settings.nonceWindowMs) break;
    world.nonces.delete(old);
  }
}

export const newMessageRoutes = [
  route('POST', '/channels/:channel/messages', postMessage, { limit: [5, 5] }),
];
