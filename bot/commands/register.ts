import { type APIApplicationCommand, Routes } from 'discord.js';
import type { Bridge } from '../bridge.ts';
import { commands } from './registry.ts';

/** True where all that we say of something is the same in what Discord has; it adds fields of its own. */
function agrees(ours: unknown, theirs: unknown): boolean {
  if (Array.isArray(ours)) {
    if (!Array.isArray(theirs) || theirs.length !== ours.length) return false;
    return ours.every((item, index) => agrees(item, theirs[index]));
  }
  if (typeof ours === 'object' && ours !== null) {
    if (typeof theirs !== 'object' || theirs === null) return false;
    const found = theirs as Record<string, unknown>;
    return Object.entries(ours).every(([name, value]) => agrees(value, found[name]));
  }
  // Discord leaves out what is false.
  return (ours === false ? undefined : ours) === (theirs === false ? undefined : theirs);
}

/** Registers the commands where Discord has others: a guild may create 200 a day only. */
export async function registerCommands(bridge: Bridge): Promise<void> {
  const application = bridge.client.application?.id;
  if (!application) return;
  const route = Routes.applicationGuildCommands(application, bridge.settings.guildId);
  const known = (await bridge.rest.get(route)) as APIApplicationCommand[];
  const byName = new Map(known.map((command) => [command.name, command]));
  const wanted = [...commands.values()].map(({ data }) => data);
  const same = known.length === wanted.length;
  if (same && wanted.every((data) => agrees(data, byName.get(data.name)))) return;
  await bridge.rest.put(route, { body: wanted });
  bridge.log.info('registered the commands');
}
