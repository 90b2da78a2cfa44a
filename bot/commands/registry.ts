import { closing } from './close.ts';
import type { Command, CommandModule, Component } from './command.ts';
import { doctor } from './doctor.ts';
import { level } from './level.ts';
import { link } from './link.ts';
import { note } from './note.ts';
import { role } from './role.ts';
import { setup } from './setup.ts';

/** Every command there is. A new one is a module of its own and a line here. */
const modules: readonly CommandModule[] = [closing, level, note, role, link, setup, doctor];

/** By name: what Discord is told of, and what its answers lead to. */
export const commands: ReadonlyMap<string, Command> = new Map(
  modules.map(({ command }) => [command.data.name, command]),
);

const components: ReadonlyMap<string, Component> = new Map(
  modules.flatMap(({ components = [] }) => components).map((one) => [one.name, one]),
);

/** Routes a `custom_id` of the form `name:arg:arg`. */
export function routeComponent(
  customId: string,
): { component: Component; args: string[] } | undefined {
  const [name = '', ...args] = customId.split(':');
  const component = components.get(name);
  return component && { component, args };
}
