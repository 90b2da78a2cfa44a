import { alert } from './alert.ts';
import { block, unblock } from './block.ts';
import { canned } from './canned.ts';
import { closing } from './close.ts';
import type { Command, CommandModule, Component } from './command.ts';
import { customer } from './customer.ts';
import { doctor } from './doctor.ts';
import { history } from './history.ts';
import { link } from './link.ts';
import { queue, search } from './lists.ts';
import { member } from './member.ts';
import { moreComponents } from './more.ts';
import { note } from './note.ts';
import { notes } from './notes.ts';
import { agents, away, onCall, stats } from './numbers.ts';
import { practice } from './practice.ts';
import { reopen } from './reopen.ts';
import { reply } from './reply.ts';
import { retryButton } from './retry.ts';
import { setup } from './setup.ts';
import { tag } from './tag.ts';
import { transcript } from './transcript.ts';
import { transferring } from './transfer.ts';
import { unpark } from './unpark.ts';
import { moduleOf } from './verb.ts';
import { verbs } from './verbs.ts';

/** Every command there is. A new one is a module of its own, or a row of `verbs`, and a line here. */
const modules: readonly CommandModule[] = [
  closing,
  note,
  notes,
  member,
  reply,
  link,
  ...verbs.map(moduleOf),
  transferring,
  tag,
  reopen,
  canned,
  block,
  unblock,
  customer,
  search,
  queue,
  stats,
  agents,
  away,
  onCall,
  history,
  transcript,
  practice,
  alert,
  unpark,
  setup,
  doctor,
];

/** By name: what Discord is told of, and what its answers lead to. */
export const commands: ReadonlyMap<string, Command> = new Map(
  modules.map(({ command }) => [command.data.name, command]),
);

const components: ReadonlyMap<string, Component> = new Map(
  [...modules.flatMap(({ components: own = [] }) => own), ...moreComponents, retryButton].map(
    (one) => [one.name, one],
  ),
);

/** Routes a `custom_id` of the form `name:arg:arg`. */
export function routeComponent(
  customId: string,
): { component: Component; args: string[] } | undefined {
  const [name = '', ...args] = customId.split(':');
  const component = components.get(name);
  return component && { component, args };
}
