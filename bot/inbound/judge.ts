import type { Actor } from '../../src/domain/access/actor.ts';
import type { Bridge } from '../bridge.ts';
import { commands } from '../commands/registry.ts';
import { actorOf, isStaff, skillsOf } from '../people.ts';
import { typedCommand } from './classify.ts';
import type { Incoming } from './incoming.ts';
import { writerOf } from './writers.ts';

/** What is to become of a message from the channel. */
export type Verdict =
  | { kind: 'note' }
  | { kind: 'refuse'; why: string }
  | { kind: 'pass'; actor: Actor };

/** Why the words of a message, whoever wrote them, are not for the customer. */
export function judgeText({
  raw,
  internalNote,
}: Incoming): Exclude<Verdict, { kind: 'pass' }> | undefined {
  if (internalNote) return { kind: 'note' };
  const command = typedCommand(raw, commands.keys());
  if (!command) return undefined;
  const why = `this looks like the command /${command}, and was sent as text. Type / and pick it from the list that Discord shows`;
  return { kind: 'refuse', why };
}

/** Decides what becomes of a message: a note, refused, or passed on in its writer's name. */
export async function judge(bridge: Bridge, incoming: Incoming): Promise<Verdict> {
  const byText = judgeText(incoming);
  if (byText) return byText;
  const writer = await writerOf(bridge, incoming);
  if (isStaff(bridge.settings, writer)) {
    const actor = actorOf(bridge.settings, writer);
    bridge.ctx.desk.seen.note(actor, skillsOf(bridge.settings, writer));
    return { kind: 'pass', actor };
  }
  return { kind: 'refuse', why: 'its writer has no role of the support staff' };
}
