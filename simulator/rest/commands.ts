import type { Command } from '../app-entities.ts';
import {
  bodyOf,
  type Call,
  callerOf,
  created,
  NO_CONTENT,
  needInGuild,
  ok,
  param,
  type Reply,
} from '../call.ts';
import type { Json } from '../entities.ts';
import { ApiError, missingAccess, refused, unknown } from '../errors.ts';
import { route } from '../router.ts';
import { nextSnowflake } from '../snowflake.ts';
import {
  type CommandBody,
  commandBody,
  commandList,
  commandPatch,
} from '../validation/commands.ts';
import { validate } from '../validation/fields.ts';

const MAX_COMMANDS = 100;

export function renderCommand(command: Command): Json {
  const { extra, ...rest } = command;
  const shown = { dm_permission: true, contexts: null, integration_types: [0], ...extra };
  return { ...rest, ...shown, name_localizations: extra.name_localizations ?? null };
}

/** The guild of the path, or undefined for global commands. The application must be the caller's. */
function scopeOf(call: Call): string | undefined {
  if (param(call, 'application') !== callerOf(call).id) {
    throw new ApiError(
      403,
      20012,
      'You are not authorized to perform this action on this application',
    );
  }
  if (call.params.guild === undefined) return undefined;
  if (call.params.guild !== call.world.guild.id) throw missingAccess();
  return call.params.guild;
}

function within({ world }: Call, guildId: string | undefined): Command[] {
  return [...world.commands.values()].filter((c) => c.guild_id === guildId);
}

function commandOf(call: Call): Command {
  const guildId = scopeOf(call);
  const command = call.world.commands.get(param(call, 'command'));
  if (command?.guild_id !== guildId || !command) throw unknown('command');
  return command;
}

function listCommands(call: Call): Reply {
  return ok(within(call, scopeOf(call)).map(renderCommand));
}

/** Makes the command, or changes the one with its name and type; only new ones count for the day. */
function upsert(call: Call, guildId: string | undefined, body: CommandBody): [Command, boolean] {
  const { world } = call;
  const type = body.type ?? 1;
  const old = within(call, guildId).find((c) => c.name === body.name && c.type === type);
  if (!old) {
    if (world.daily.commands >= world.settings.commandCreatesPerDay) {
      throw refused(
        30034,
        'Max number of daily application command creates has been reached (200)',
      );
    }
    if (within(call, guildId).filter((c) => c.type === type).length >= MAX_COMMANDS) {
      throw refused(30032, `Maximum number of application commands reached (${MAX_COMMANDS})`);
    }
    world.daily.commands += 1;
  }
  const { name, description, options, default_member_permissions, nsfw, ...extra } = body;
  const { id: _id, type: _type, ...rest } = extra;
  const command: Command = {
    id: old?.id ?? nextSnowflake(),
    application_id: world.application.id,
    ...(guildId === undefined ? {} : { guild_id: guildId }),
    version: nextSnowflake(),
    type,
    name,
    description: description ?? '',
    options: options ?? [],
    default_member_permissions: default_member_permissions ?? null,
    nsfw: nsfw ?? false,
    extra: Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
  };
  world.commands.set(command.id, command);
  return [command, old === undefined];
}

function createCommand(call: Call): Reply {
  const guildId = scopeOf(call);
  const [command, isNew] = upsert(call, guildId, bodyOf(call, commandBody));
  return isNew ? created(renderCommand(command)) : ok(renderCommand(command));
}

function replaceCommands(call: Call): Reply {
  const guildId = scopeOf(call);
  const bodies = validate(commandList, call.body, call.world.settings.refuseUnknownFields);
  const kept = bodies.map((body) => upsert(call, guildId, body)[0]);
  for (const old of within(call, guildId)) {
    if (!kept.includes(old)) call.world.commands.delete(old.id);
  }
  return ok(kept.map(renderCommand));
}

function getCommand(call: Call): Reply {
  return ok(renderCommand(commandOf(call)));
}

function editCommand(call: Call): Reply {
  const command = commandOf(call);
  const body = bodyOf(call, commandPatch);
  if (body.name !== undefined) command.name = body.name;
  if (body.description != null) command.description = body.description;
  if (body.options != null) command.options = body.options;
  if (body.default_member_permissions !== undefined) {
    command.default_member_permissions = body.default_member_permissions;
  }
  command.version = nextSnowflake();
  return ok(renderCommand(command));
}

function deleteCommand(call: Call): Reply {
  call.world.commands.delete(commandOf(call).id);
  return NO_CONTENT;
}

function listPermissions(call: Call): Reply {
  scopeOf(call);
  return ok([]);
}

/** What Discord's own clients ask before they show the list of commands. */
function indexCommands(call: Call): Reply {
  needInGuild(call);
  const { world } = call;
  const bits = world.permissionsOf(callerOf(call).id);
  const usable = [...world.commands.values()].filter((command) => mayUse(command, bits));
  return ok({
    applications: [{ id: world.application.id, name: world.application.name }],
    application_commands: usable.map(renderCommand),
  });
}

/** Whether someone with these permissions may run the command; "0" is for administrators alone. */
export function mayUse(command: Command, held: bigint): boolean {
  const needed = command.default_member_permissions;
  if (needed === null || (held & 8n) !== 0n) return true;
  return needed !== '0' && (held & BigInt(needed)) === BigInt(needed);
}

const LIMIT = { limit: [5, 20] as const };

function both(path: string): [string, string] {
  return [`/applications/:application${path}`, `/applications/:application/guilds/:guild${path}`];
}

export const commandRoutes = [
  route('GET', '/applications/:application/guilds/:guild/commands/permissions', listPermissions),
  route('GET', '/guilds/:guild/application-command-index', indexCommands),
  ...both('/commands').flatMap((path) => [
    route('GET', path, listCommands),
    route('POST', path, createCommand, LIMIT),
    route('PUT', path, replaceCommands, LIMIT),
    route('GET', `${path}/:command`, getCommand),
    route('PATCH', `${path}/:command`, editCommand, LIMIT),
    route('DELETE', `${path}/:command`, deleteCommand, LIMIT),
  ]),
];
