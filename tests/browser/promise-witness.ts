import type { Page } from 'playwright-core';
import type { MessageView } from '../../src/contract/messages.ts';
import type { Attempt, History, ReceivedEvent, StoredEntry } from '../support/history-checker.ts';

/** What a side has written, in order; each text is written once only, so that it names its message. */
export interface Written {
  author: string;
  texts: string[];
}

/** Every message in the document, top to bottom; few enough that a high window holds them all. */
export async function readPage(page: Page): Promise<string[]> {
  await page.setViewportSize({ width: 400, height: 30_000 });
  const script = `[...document.querySelector('deskcord-chat').shadowRoot.querySelectorAll('.line .said')]
    .map((element) => element.innerText.trim())`;
  return (await page.evaluate(script)) as string[];
}

/** What stands twice in the document right now, whatever part of the conversation is in it. */
export async function findTwice(page: Page): Promise<string[]> {
  const script = `[...document.querySelector('deskcord-chat').shadowRoot.querySelectorAll('.line .said')]
    .map((element) => element.innerText.trim())`;
  const texts = (await page.evaluate(script)) as string[];
  return texts.filter((text, index) => texts.indexOf(text) !== index);
}

/** A side's texts as sends of which every one was accepted, one after the other. */
function attemptsOf({ author, texts }: Written, log: StoredEntry[], ticket_id: string): Attempt[] {
  return texts.map((text, index) => ({
    ...{ ticket_id, author_id: author, client_id: text, outcome: 'accepted' },
    ...{ sent_at: index, answered_at: index + 0.5 },
    seq: log.find(({ client_id }) => client_id === text)?.seq ?? -1,
  }));
}

/** As what somebody saw, the texts of the log that name messages. */
function seenAs(texts: readonly string[], log: StoredEntry[]): ReceivedEvent[] {
  return texts.map((text) => ({
    client_id: text,
    seq: log.find(({ client_id }) => client_id === text)?.seq ?? -1,
  }));
}

/** Everything in the form the judge of the promise takes. */
export function historyOf(found: {
  ticketId: string;
  written: readonly Written[];
  stored: readonly MessageView[];
  /** What each side sees in the end, by its name. */
  seen: Readonly<Record<string, readonly string[]>>;
}): History {
  const { ticketId, written, stored, seen } = found;
  const authorOf = (text: string) => written.find(({ texts }) => texts.includes(text))?.author;
  // Only messages are looked at: numbered anew, so that a change of the ticket leaves no hole.
  const log = stored.map(({ content }, index): StoredEntry => {
    return { seq: index + 1, author_id: authorOf(content) ?? null, client_id: content };
  });
  return {
    attempts: written.flatMap((side) => attemptsOf(side, log, ticketId)),
    logs: { [ticketId]: log },
    readers: Object.entries(seen).map(([name, texts]) => ({
      ...{ name, ticket_id: ticketId, events: seenAs(texts, log) },
    })),
  };
}
