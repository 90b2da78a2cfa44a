import { storeFiles, uploadsOf } from '../attachments.ts';
import { type Call, callerOf, need } from '../call.ts';
import type { Channel, Message, Snapshot } from '../entities.ts';
import { invalidField, missingAccess } from '../errors.ts';
import { P } from '../permissions.ts';
import type { NewMessage } from '../validation/messages.ts';

type Reference = NonNullable<Message['reference']>;

const REPLIABLE = [0, 19, 20, 23];

/** What a reply answers: a message of the same channel, written by somebody. */
export function readReply(
  call: Call,
  channel: Channel,
  body: NewMessage,
): { reference?: Reference } {
  const given = body.message_reference;
  if (!given?.message_id) return {};
  need(call, channel, P.READ_MESSAGE_HISTORY);
  const elsewhere = given.channel_id != null && given.channel_id !== channel.id;
  const target = elsewhere ? undefined : call.world.log(channel.id).get(given.message_id);
  if (!target) {
    if (given.fail_if_not_exists === false) return {};
    throw invalidField(['message_reference'], 'REPLIES_UNKNOWN_MESSAGE', 'Unknown message');
  }
  if (!REPLIABLE.includes(target.type)) {
    const message = 'Cannot reply to a system message';
    throw invalidField(['message_reference'], 'REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE', message);
  }
  return { reference: referenceTo(target, channel, 0) };
}

/** A forward: the message it names, from any channel the caller may read, as it is at this moment. */
export function readForward(
  call: Call,
  channel: Channel,
  body: NewMessage,
): { reference: Reference; snapshot: Snapshot } {
  const { world } = call;
  const { channel_id, message_id } = body.message_reference ?? {};
  const source = world.channels.get(channel_id ?? '');
  const target = source && world.log(source.id).get(message_id ?? '');
  if (!source || !target) {
    throw invalidField(['message_reference'], 'REPLIES_UNKNOWN_MESSAGE', 'Unknown message');
  }
  if (!world.canSee(callerOf(call).id, source)) throw missingAccess();
  need(call, source, P.READ_MESSAGE_HISTORY);
  if (body.content || body.embeds?.length || call.files.length > 0) {
    const message = 'A forward brings nothing of its own';
    throw invalidField(['message_reference'], 'MESSAGE_REFERENCE_FORWARD_WITH_CONTENT', message);
  }
  const uploads = uploadsOf(world, source.id, target.attachments);
  return {
    reference: referenceTo(target, source, 1),
    snapshot: {
      type: target.type,
      content: target.content,
      timestamp: target.timestamp,
      edited_timestamp: target.edited_timestamp,
      flags: target.flags,
      mentions: target.mentions,
      mention_roles: target.mention_roles,
      embeds: structuredClone(target.embeds),
      components: structuredClone(target.components),
      attachments: storeFiles(world, channel.id, uploads, target.attachments),
      sticker_ids: target.sticker_ids ?? [],
    },
  };
}

function referenceTo(target: Message, channel: Channel, type: 0 | 1): Reference {
  const guild = channel.guild_id === null ? {} : { guild_id: channel.guild_id };
  return { type, message_id: target.id, channel_id: channel.id, ...guild };
}
