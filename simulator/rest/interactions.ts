import type { Interaction } from '../app-entities.ts';
import { bodyOf, type Call, callerOf, NO_CONTENT, need, type Reply } from '../call.ts';
import type { Channel, Json, Message } from '../entities.ts';
import { ApiError, invalidField, missingPermissions, unknown } from '../errors.ts';
import { InteractionType, openInteraction, resolve } from '../interactions.ts';
import { P } from '../permissions.ts';
import { route } from '../router.ts';
import { leafOf } from '../validation/components.ts';
import { anything, choice, maybe, object, optional, snowflake } from '../validation/fields.ts';
import { readInputs } from '../validation/modals.ts';
import { type Named, readOptions } from '../validation/options.ts';
import { mayUse } from './commands.ts';

const body = object({
  type: choice(2, 3, 4, 5),
  application_id: snowflake,
  guild_id: maybe(snowflake),
  channel_id: snowflake,
  message_id: maybe(snowflake),
  message_flags: maybe(anything),
  session_id: maybe(anything),
  nonce: maybe(anything),
  analytics_location: maybe(anything),
  data: (value) => (value ?? {}) as Json,
  files: optional(anything),
});

type Body = ReturnType<typeof body>;

/** What Discord's own clients call when a person runs a command, uses a component or submits a modal. */
function interact(call: Call): Reply {
  const { world } = call;
  const user = callerOf(call);
  if (user.bot) throw new ApiError(403, 20001, 'Bots cannot use this endpoint');
  const given = bodyOf(call, body);
  if (given.application_id !== world.application.id) throw unknown('application');
  const channel = world.channels.get(given.channel_id);
  if (!channel) throw unknown('channel');
  need(call, channel);
  const nonce = given.nonce as string | number | null | undefined;
  const { data, message, triggering } = readData(call, channel, given);
  openInteraction(world, {
    user,
    channel,
    type: given.type,
    data,
    message,
    nonce: nonce ?? null,
    triggering,
  });
  return NO_CONTENT;
}

interface ReadData {
  data: Json;
  message?: Message | undefined;
  triggering?: Json;
}

function readData(call: Call, channel: Channel, given: Body): ReadData {
  if (given.type === InteractionType.component) return readComponent(call, channel, given);
  if (given.type === InteractionType.modal) return readModal(call, channel, given);
  return { data: readCommand(call, channel, given) };
}

function readCommand(call: Call, channel: Channel, given: Body): Json {
  const { world } = call;
  need(call, channel, P.USE_APPLICATION_COMMANDS);
  const { id, name, type = 1, options, target_id } = given.data;
  const all = [...world.commands.values()];
  const command =
    all.find((c) => c.id === id) ??
    all.find((c) => id === undefined && c.name === name && c.type === type);
  if (!command) throw unknown('command');
  if (!mayUse(command, world.permissionsOf(callerOf(call).id, channel))) throw missingPermissions();
  const named: Named = { users: [], roles: [], channels: [] };
  const partial = given.type === InteractionType.autocomplete;
  const read = readOptions(command.options, options, partial, named);
  const target = typeof target_id === 'string' ? target_id : undefined;
  const messages = [world.message(channel.id, target ?? '')].flatMap((m) => m ?? []);
  const users = command.type === 2 && target ? [...named.users, target] : named.users;
  const resolved = resolve(world, { ...named, users, messages });
  return {
    id: command.id,
    name: command.name,
    type: command.type,
    ...(command.guild_id === undefined ? {} : { guild_id: command.guild_id }),
    ...(read.length > 0 ? { options: read } : {}),
    ...(Object.keys(resolved).length > 0 ? { resolved } : {}),
    ...(target ? { target_id: target } : {}),
  };
}

function readComponent(call: Call, channel: Channel, given: Body): ReadData {
  const { world } = call;
  const message = world.message(channel.id, given.message_id ?? '');
  const reader = message?.ephemeral_for ?? callerOf(call).id;
  if (!message || reader !== callerOf(call).id) throw unknown('message');
  const mine = message.application_id ?? message.author_id;
  if (mine !== world.application.id) throw unknown('application');
  const { custom_id, component_type, values } = given.data;
  const leaf = leafOf(message.components, custom_id);
  if (leaf.type !== component_type || leaf.disabled === true) {
    throw invalidField(['data'], 'COMPONENT_VALIDATION_FAILED', 'Component validation failed');
  }
  const data: Json = { custom_id, component_type, id: leaf.id ?? 1 };
  if (leaf.type === 2) return { data, message };
  const chosen = Array.isArray(values) ? values.map(String) : [];
  checkValues(leaf, chosen);
  const kind = Number(leaf.type);
  const resolved = resolve(world, {
    users: kind === 5 || kind === 7 ? chosen : [],
    roles: kind === 6 || kind === 7 ? chosen : [],
    channels: kind === 8 ? chosen : [],
  });
  const more = kind === 3 ? {} : { resolved };
  return { data: { ...data, values: chosen, ...more }, message };
}

function checkValues(leaf: Json, chosen: string[]): void {
  const options = (leaf.options ?? []) as Json[];
  const known = leaf.type !== 3 || chosen.every((v) => options.some((o) => o.value === v));
  const enough = chosen.length >= Number(leaf.min_values ?? 1);
  const fits = chosen.length <= Number(leaf.max_values ?? 1);
  if (known && enough && fits) return;
  throw invalidField(
    ['data', 'values'],
    'COMPONENT_VALIDATION_FAILED',
    'Component validation failed',
  );
}

/** A modal can be submitted by the person it was shown to, once. */
function readModal(call: Call, channel: Channel, given: Body): ReadData {
  const { world } = call;
  const { custom_id, components, id } = given.data;
  const opener = [...world.interactions.values()].reverse().find((i: Interaction) => {
    const shown = i.modal?.custom_id === custom_id && i.user_id === callerOf(call).id;
    return shown && (id === undefined || i.id === id);
  });
  if (!opener?.modal || opener.channel_id !== channel.id) throw unknown('interaction');
  const read = readInputs(opener.modal, components);
  delete opener.modal;
  const message = world.message(channel.id, opener.message_id ?? '');
  return { data: { custom_id, components: read }, message, triggering: opener.metadata };
}

export const interactionRoutes = [route('POST', '/interactions', interact, { limit: [20, 10] })];
