import { HttpConnection, writeRequest } from '../generator/http-connection.ts';
import type { Seat } from '../generator/jobs.ts';
import type { Visitor } from './visitor.ts';

/** One each second, in turn: an hour. */
export const HOUR_OF_TALK = 3600;

/** Messages of staff over REST, one after the other. */
export function createStaff(port: number, ticket: string, staff: Seat) {
  const http = new HttpConnection(port, () => {});
  let sent = 0;
  const say = (content: string) =>
    new Promise<void>((resolve, reject) => {
      const body = JSON.stringify({ content, client_id: `staff-${sent++}` });
      const path = `/api/v1/tickets/${ticket}/messages`;
      http.send(writeRequest('POST', path, staff.token, body), (status) =>
        status === 201 ? resolve() : reject(new Error(`a message of staff was answered ${status}`)),
      );
    });
  return { say, close: () => http.close() };
}

/**
 * Talk as fast as it goes, the chat being open: the customer types, staff answer.
 * @param from the number of the first message, an even one; `to` is behind the last
 */
export async function talk(
  { page }: Visitor,
  say: (content: string) => Promise<void>,
  from: number,
  to: number,
): Promise<void> {
  for (let at = from; at < to; at += 2) {
    await page.keyboard.insertText(`Question ${at}: is it on its way, and when will it be here?`);
    await page.keyboard.press('Enter');
    await say(`Answer ${at}: it left on **Monday**, see https://example.com/parcels/${at}`);
  }
  // What the customer writes goes out one after the other: only then is the last word the end of the list.
  await page.locator('.row.sending').first().waitFor({ state: 'detached' });
  const last = `The end of ${to}`;
  await say(last);
  await page.locator('.bubble', { hasText: last }).waitFor();
}
