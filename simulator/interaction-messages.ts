import type { Interaction } from './app-entities.ts';
import { type Channel, type Message, MessageFlag, type User } from './entities.ts';
import { InteractionType, tellUser } from './interactions.ts';
import { createMessage, publish } from './messages.ts';
import { nextSnowflake } from './snowflake.ts';
import type { Upload } from './uploads.ts';
import type { webhookMessage } from './validation/messages.ts';
import type { World } from './world.ts';

/** Makes a message in answer to an interaction. Unlike others it may be ephemeral, and pings users only. */
export function respond(
  world: World,
  interaction: Interaction,
  channel: Channel,
  app: User,
  body: ReturnType<typeof webhookMessage>,
  files: Upload[],
): Message {
  const ephemeral = ((body.flags ?? 0) & MessageFlag.ephemeral) !== 0;
  const isCommand = interaction.type === InteractionType.command;
  const answered = interaction.message_id;
  return createMessage(world, {
    channel,
    author: app,
    body,
    files,
    type: isCommand ? 20 : answered === undefined ? 0 : 19,
    applicationId: app.id,
    metadata: interaction.metadata,
    defaultMentions: { parse: ['users'] },
    ...(answered !== undefined && !isCommand
      ? { reference: { type: 0, message_id: answered, channel_id: channel.id } }
      : {}),
    ...(ephemeral ? { ephemeralFor: interaction.user_id } : {}),
  });
}

/** "Thinking…": a message without content that the first edit or follow-up fills. */
export function defer(
  world: World,
  interaction: Interaction,
  channel: Channel,
  app: User,
  flags: number,
): Message {
  const ephemeral = (flags & MessageFlag.ephemeral) !== 0;
  interaction.deferred_ephemeral = ephemeral;
  const message: Message = {
    id: nextSnowflake(),
    channel_id: channel.id,
    type: interaction.type === InteractionType.command ? 20 : 19,
    author_id: app.id,
    webhook_id: app.id,
    application_id: app.id,
    content: '',
    timestamp: new Date().toISOString(),
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: [],
    components: [],
    reactions: [],
    pinned_at: null,
    flags: MessageFlag.loading | (ephemeral ? MessageFlag.ephemeral : 0),
    interaction_metadata: interaction.metadata,
    ...(ephemeral ? { ephemeral_for: interaction.user_id } : {}),
  };
  publish(world, channel, message);
  tellUser(world, interaction, 'INTERACTION_SUCCESS');
  return message;
}
