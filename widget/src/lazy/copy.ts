import { buildCopy } from './copy-page.ts';
import type { ActionProps } from './ticket-actions.ts';

/** Of 500 messages each; what is older is not in the copy, which says so. */
const MOST_PAGES = 10;

/** Hands the person a copy of what was said, as a file. @throws DeskError */
export async function saveCopy({ desk, session, conversation }: ActionProps): Promise<void> {
  const { ticket, open } = conversation;
  if (!ticket || !open) return;
  await open.ready();
  for (let page = 1; page < MOST_PAGES && open.hasOlder; page++) await open.loadOlder();
  const { messages, hasOlder: isPart } = open;
  const parts = { ticket, messages, isPart, words: desk.words, me: session.person.id };
  const page = new Blob([buildCopy({ ...parts, now: Date.now() })], { type: 'text/html' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(page);
  link.download = `chat-${ticket.number}.html`;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
