import type { Actor } from '../../src/domain/access/actor.ts';
import { withIdentities } from '../../src/domain/agents/identities.ts';
import type { Stream } from '../../src/domain/log/entry.ts';
import type { Bridge } from '../bridge.ts';
import { commands } from '../commands/registry.ts';
import { guestActor, isGuest } from '../guests.ts';
import { noteSeen } from '../guilds/standings.ts';
import { actorOf, isStaff, skillsOf } from '../people.ts';
import { isInternalNote, typedCommand, withoutReplyMark } from './classify.ts';
import type { Incoming } from './incoming.ts';
import { writerOf } from './writers.ts';

/** Why nothing of a message is passed on. */
export interface Refusal {
  /** In words for staff. */
  why: string;
  /** Another try may have another outcome: what it depends on lies outside the message. */
  retry?: true;
}

/** What is to become of a message from the channel: refused, or taken into a log in its writer's name. */
export type Verdict =
  | ({ kind: 'refuse' } & Refusal)
  | { kind: 'pass'; actor: Actor; stream: Stream };

/** The log that a message's words are for, whoever wrote them. */
export function streamOf({ internalNote }: Incoming): Stream {
  return internalNote ? 'internal' : 'public';
}

/** Why the words of a message, whoever wrote them, are for no log. */
export function refusalOfText({ raw }: Incoming): string | undefined {
  const command = isInternalNote(raw)
    ? undefined
    : typedCommand(withoutReplyMark(raw), commands.keys());
  if (!command) return undefined;
  return `this looks like the command /${command}, and was sent as text. Type / and pick it from the list that Discord shows`;
}

/** What is to become of words that are an actor's, as far as these say. */
export function judgeWords(incoming: Incoming, actor: Actor): Verdict {
  const why = refusalOfText(incoming);
  return why ? { kind: 'refuse', why } : { kind: 'pass', actor, stream: streamOf(incoming) };
}

/** Decides what becomes of a message: refused, or taken in its writer's name. */
export async function judge(bridge: Bridge, incoming: Incoming): Promise<Verdict> {
  const why = refusalOfText(incoming);
  if (why) return { kind: 'refuse', why };
  const writer = await writerOf(bridge, incoming);
  if (isStaff(bridge.settings, writer)) {
    const actor = await withIdentities(bridge.ctx, actorOf(bridge.settings, writer));
    noteSeen(bridge, actor, skillsOf(bridge.settings, writer));
    return judgeWords(incoming, actor);
  }
  if (isGuest(bridge, incoming.home, writer.id)) {
    return { kind: 'pass', actor: guestActor(bridge, writer), stream: 'internal' };
  }
  return { kind: 'refuse', why: 'its writer has no role of the support staff', retry: true };
}
