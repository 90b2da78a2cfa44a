import type { Json } from '../entities.ts';
import type { World } from '../world.ts';

/** Ids chosen in selects of users, roles and channels. */
export interface Chosen {
  users: string[];
  roles: string[];
  channels: string[];
}

/** Whether as many were chosen as the select asks for, each once, and only what it offers. */
export function fitsSelect(select: Json, chosen: string[]): boolean {
  const options = (select.options ?? []) as Json[];
  const offered = select.type !== 3 || chosen.every((v) => options.some((o) => o.value === v));
  const enough = chosen.length >= Number(select.min_values ?? 1);
  const fits = chosen.length <= Number(select.max_values ?? 1);
  return offered && enough && fits && new Set(chosen).size === chosen.length;
}

/** What was chosen in a select, by what it is; undefined when one of it does not exist. */
export function chosenIn(world: World, type: unknown, values: string[]): Chosen | undefined {
  const kind = Number(type);
  const users = kind === 5 || kind === 7 ? values.filter((id) => world.users.has(id)) : [];
  const roles = kind === 6 || kind === 7 ? values.filter((id) => world.roles.has(id)) : [];
  const channels = kind === 8 ? values.filter((id) => world.channels.has(id)) : [];
  const found = users.length + roles.length + channels.length;
  return kind === 3 || found === values.length ? { users, roles, channels } : undefined;
}
