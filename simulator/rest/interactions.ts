import type { Interaction } from '../app-entities.ts';
import { bodyOf, type Call, callerOf, NO_CONTENT, need, type Reply } from '../call.ts';
import type { Channel, Json, Message } from '../entities.ts';
import { ApiError, invalidField, missingPermissions, unknown } from '../errors.ts';
import { InteractionType, openInteraction, resolve } from '../interactions.ts';
import { P } from '../permissions.ts';
import { route } from '../router.ts';
import { anything, choice, maybe, object, optional, snowflake } from '../validation/fields.ts';
import { leafOf, leaves } from '../validation/leaves.ts';
import { readInputs } from '../validation/modals.ts';
import { type Named, readOptions } from '../validation/options.ts';
import { type Chosen, chosenIn, fitsSelect } from '../validation/selects.ts';
import type { World } from '../world.ts';
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
  checkNamed(world, named);
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

/** Refuses options that name what does not exist. */
function checkNamed(world: World, { users, roles, channels }: Named): void {
  // An option for people and roles notes its one id as both.
  const known = (id: string) => world.users.has(id) || world.roles.has(id);
  const there = [...users, ...roles].every(known) && channels.every((id) => world.channels.has(id));
  if (there) return;
  const message = 'Value does not fit the option';
  throw invalidField(['data', 'options'], 'APPLICATION_COMMAND_OPTION_VALUE_INVALID', message);
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
  const found = chosenIn(world, leaf.type, chosen);
  if (!found || !fitsSelect(leaf, chosen)) {
    const failed = 'COMPONENT_VALIDATION_FAILED';
    throw invalidField(['data', 'values'], failed, 'Component validation failed');
  }
  const more = leaf.type === 3 ? {} : { resolved: resolve(world, found) };
  return { data: { ...data, values: chosen, ...more }, message };
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
  const resolved = resolvedIn(world, read);
  delete opener.modal;
  const message = world.message(channel.id, opener.message_id ?? '');
  const data = { custom_id, components: read, ...(resolved ? { resolved } : {}) };
  return { data, message, triggering: opener.metadata };
}

/** Full data of the users, roles and channels chosen in a modal; 50035 for one that does not exist. */
function resolvedIn(world: World, components: Json[]): Json | undefined {
  const all: Chosen = { users: [], roles: [], channels: [] };
  const selects = leaves(components).filter((leaf) => Array.isArray(leaf.values));
  for (const { type, values } of selects) {
    const found = chosenIn(world, type, values as string[]);
    if (!found) {
      const failed = 'COMPONENT_VALIDATION_FAILED';
      throw invalidField(['data', 'components'], failed, 'Component validation failed');
    }
    for (const kind of ['users', 'roles', 'channels'] as const) all[kind].push(...found[kind]);
  }
  const resolved = resolve(world, all);
  return Object.keys(resolved).length > 0 ? resolved : undefined;
}

export const interactionRoutes = [route('POST', '/interactions', interact, { limit: [20, 10] })];
