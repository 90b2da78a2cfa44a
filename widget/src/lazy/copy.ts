import { buildCopy } from './copy-page.ts';
import type { ActionProps } from './ticket-actions.ts';

/** What is older is not in the copy, which says so. */
const MOST = 5000;
/** Of 500 messages each, above those that are there. */
const MOST_PAGES = 10;

/** Hands the person a copy of what was said, as a file. @throws DeskError */
export async function saveCopy({ desk, session, conversation }: ActionProps): Promise<void> {
  const { ticket, open } = conversation;
  if (!ticket || !open) return;
  await open.ready();
  conversation.keepsAll = true;
  try {
    for (let page = 1; page <= MOST_PAGES && open.hasOlder; page++) await open.loadOlder();
  } finally {
    conversation.keepsAll = false;
  }
  const messages = open.messages.slice(-MOST);
  const isPart = open.hasOlder || messages.length < open.messages.length;
  const parts = { ticket, messages, isPart, words: desk.words, me: session.person.id };
  const page = new Blob([buildCopy({ ...parts, now: Date.now() })], { type: 'text/html' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(page);
  link.download = `chat-${ticket.number}.html`;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
