import { randomBytes } from 'node:crypto';
import type { Interaction } from './app-entities.ts';
import type { Channel, Json, Message, User } from './entities.ts';
import { renderChannel, renderMember, renderMemberPart, renderRole, renderUser } from './render.ts';
import { renderMessage } from './render-message.ts';
import { nextSnowflake } from './snowflake.ts';
import type { World } from './world.ts';

/** Interaction types. */
export const InteractionType = { command: 2, component: 3, autocomplete: 4, modal: 5 } as const;

interface Opening {
  user: User;
  channel: Channel;
  type: number;
  data: Json;
  message?: Message | undefined;
  nonce: string | number | null;
  /** Metadata of the interaction that opened the modal this one submits. */
  triggering?: Json | undefined;
}

/** Brings an interaction to the application and gives it its time to answer; failing that, it is dead. */
export function openInteraction(world: World, opening: Opening): Interaction {
  const { user, channel, type, data, message, nonce } = opening;
  const interaction: Interaction = {
    id: nextSnowflake(),
    token: randomBytes(60).toString('base64url'),
    type,
    user_id: user.id,
    channel_id: channel.id,
    nonce,
    created_at: Date.now(),
    state: 'pending',
    data,
    metadata: {},
    message_ids: [],
    deferred_ephemeral: false,
    ...(message ? { message_id: message.id } : {}),
  };
  interaction.metadata = {
    id: interaction.id,
    type,
    user: renderUser(user),
    authorizing_integration_owners: { 0: world.guild.id },
    ...(message ? { interacted_message_id: message.id } : {}),
    ...(opening.triggering ? { triggering_interaction_metadata: opening.triggering } : {}),
  };
  world.remember(interaction);
  tellUser(world, interaction, 'INTERACTION_CREATE');
  const payload = renderInteraction(world, interaction, channel, message);
  world.emit('INTERACTION_CREATE', payload, { only: world.application.id });
  world.later(world.settings.interactionDeadlineMs, () => {
    if (interaction.state !== 'pending') return;
    interaction.state = 'failed';
    tellUser(world, interaction, 'INTERACTION_FAILURE', { reason_code: 1 });
  });
  return interaction;
}

/** An event about an interaction for the one who used it. */
export function tellUser(
  world: World,
  interaction: Interaction,
  name: string,
  extra: Json = {},
): void {
  const { id, nonce, user_id } = interaction;
  world.emit(name, { id, nonce, ...extra }, { only: user_id });
}

function renderInteraction(
  world: World,
  interaction: Interaction,
  channel: Channel,
  message: Message | undefined,
): Json {
  const user = world.users.get(interaction.user_id);
  const member = world.members.get(interaction.user_id);
  const inGuild = channel.guild_id !== null;
  const permissions = world.permissionsOf(interaction.user_id, channel).toString();
  const who =
    inGuild && member
      ? { member: { ...renderMember(world, member), permissions } }
      : { user: user && renderUser(user) };
  return {
    id: interaction.id,
    application_id: world.application.id,
    type: interaction.type,
    token: interaction.token,
    version: 1,
    data: interaction.data,
    channel_id: channel.id,
    channel: { ...renderChannel(world, channel), permissions },
    ...(inGuild
      ? {
          guild_id: channel.guild_id,
          guild: { id: channel.guild_id, locale: 'en-US', features: [] },
          guild_locale: 'en-US',
        }
      : {}),
    ...who,
    locale: 'en-US',
    app_permissions: world.permissionsOf(world.application.id, channel).toString(),
    entitlements: [],
    entitlement_sku_ids: [],
    authorizing_integration_owners: { 0: inGuild ? channel.guild_id : '0' },
    context: inGuild ? 0 : 1,
    attachment_size_limit: world.settings.maxFileBytes,
    ...(message ? { message: renderMessage(world, message) } : {}),
  };
}

/** Full data of the users, roles and channels an interaction names; what does not exist is left out. */
export function resolve(
  world: World,
  wanted: { users?: string[]; roles?: string[]; channels?: string[]; messages?: Message[] },
): Json {
  const out: Record<string, Json> = {};
  const put = (kind: string, id: string, value: Json) => {
    out[kind] = { ...out[kind], [id]: value };
  };
  for (const id of wanted.users ?? []) {
    const user = world.users.get(id);
    const member = world.members.get(id);
    if (user) put('users', id, renderUser(user));
    if (user && member) {
      const permissions = world.permissionsOf(id).toString();
      put('members', id, { ...renderMemberPart(member), permissions });
    }
  }
  for (const id of wanted.roles ?? []) {
    const role = world.roles.get(id);
    if (role) put('roles', id, renderRole(role));
  }
  for (const id of wanted.channels ?? []) {
    const channel = world.channels.get(id);
    if (channel) put('channels', id, renderChannel(world, channel));
  }
  for (const message of wanted.messages ?? []) {
    put('messages', message.id, renderMessage(world, message));
  }
  return out;
}
