import type { Channel, User } from './entities.ts';
import { ApiError, missingAccess, missingPermissions, unknown } from './errors.ts';
import type { Simulator } from './simulator.ts';
import type { Upload } from './uploads.ts';
import { type Field, validate } from './validation/fields.ts';
import type { World } from './world.ts';

/** One REST call as its handler sees it. Handlers are synchronous, so each runs as one step. */
export interface Call {
  sim: Simulator;
  world: World;
  params: Record<string, string>;
  query: URLSearchParams;
  body: unknown;
  files: Upload[];
  /** Undefined only on routes that need no token. */
  caller: User | undefined;
}

/** An answer; without a body it is 204. */
export interface Reply {
  status: number;
  body?: unknown;
}

export type Handler = (call: Call) => Reply;

export function ok(body: unknown): Reply {
  return { status: 200, body };
}

export function created(body: unknown): Reply {
  return { status: 201, body };
}

export const NO_CONTENT: Reply = { status: 204 };

/** Who calls; 401 without a token. */
export function callerOf(call: Call): User {
  if (!call.caller) throw new ApiError(401, 0, '401: Unauthorized');
  return call.caller;
}

/** The body, read by a schema. */
export function bodyOf<T>(call: Call, field: Field<T>): T {
  return validate(field, call.body ?? {}, call.world.settings.refuseUnknownFields);
}

/** A path parameter; routes name only those they have. */
export function param(call: Call, name: string): string {
  return call.params[name] ?? '';
}

/** The channel of the path, if the caller may see it and holds every permission named. */
export function channelOf(call: Call, ...needed: bigint[]): Channel {
  const channel = call.world.channels.get(param(call, 'channel'));
  if (!channel) throw unknown('channel');
  need(call, channel, ...needed);
  return channel;
}

/** 50001 when the channel is hidden from the caller, 50013 when a permission is missing. */
export function need(call: Call, channel: Channel, ...needed: bigint[]): void {
  const { id } = callerOf(call);
  if (!call.world.canSee(id, channel)) throw missingAccess();
  const bits = call.world.permissionsOf(id, channel);
  if (needed.some((bit) => (bits & bit) === 0n)) throw missingPermissions();
}

/** The same for permissions of the guild as a whole. Outsiders do not learn that it exists. */
export function needInGuild(call: Call, ...needed: bigint[]): void {
  const { world } = call;
  const { id } = callerOf(call);
  if (param(call, 'guild') !== world.guild.id) throw unknown('guild');
  if (!world.members.has(id)) throw missingAccess();
  const bits = world.permissionsOf(id);
  if (needed.some((bit) => (bits & bit) === 0n)) throw missingPermissions();
}
