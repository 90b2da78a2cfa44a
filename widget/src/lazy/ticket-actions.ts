import type { TicketVerbs } from '../../../client/ticket-verbs.ts';
import type { TicketView } from '../../../src/contract/tickets.ts';
import type { Conversation } from '../chat/conversation.ts';
import type { Desk } from '../chat/desk.ts';
import type { Session } from '../chat/session.ts';
import type { WordKey } from '../chat/words.ts';

/** How long the end of a conversation can be undone. */
export const UNDO_MS = 10_000;

export interface ActionProps {
  desk: Desk;
  session: Session;
  conversation: Conversation;
}

interface Said {
  /** What is said once it is done. */
  done?: WordKey;
  /** What is said where the ticket is not as it was thought to be. */
  conflict?: WordKey;
}

/** Does something with the ticket that is shown; what has become of it is shown at once. */
export async function act(
  { desk, session }: ActionProps,
  work: (tickets: TicketVerbs) => Promise<TicketView>,
  { done, conflict }: Said = {},
): Promise<boolean> {
  const answered = work(session.client.tickets).then((ticket) => session.list.put(ticket));
  const isDone = await desk.run(answered, conflict);
  if (isDone && done) desk.announce(desk.words.say(done));
  return isDone;
}

/** Puts the focus into the chat once what was done has been drawn. */
export function focusSoon(desk: Desk, selector: string): void {
  requestAnimationFrame(() => {
    desk.environment.shadow.querySelector<HTMLElement>(selector)?.focus();
  });
}

/** Ends a conversation in a moment, so that it can be undone; the server does it, whatever becomes of the page. */
export async function endSoon(props: ActionProps): Promise<void> {
  const { desk, session, conversation } = props;
  const isDone = await act(props, async (tickets) => {
    // Nobody must be without the button that undoes it.
    await desk.layers.loadService();
    const ticket = await tickets.closeLater(conversation.id, { in_ms: UNDO_MS });
    if (ticket.closing_due_at) session.learnTime(ticket.closing_due_at - UNDO_MS);
    return ticket;
  });
  if (isDone) focusSoon(desk, '.strip button');
}
