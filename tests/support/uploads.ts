import type { AppContext } from '../../src/context.ts';
import type { FileView } from '../../src/contract/messages.ts';
import { createClock } from '../../src/infra/clock.ts';
import type { Answer } from './people.ts';

/** Uploads bytes to a ticket as whoever has the token. */
export async function uploadTo(
  url: string,
  token: string,
  ticketId: string,
  bytes: Uint8Array<ArrayBuffer> | string,
  name = 'a.bin',
): Promise<Answer<FileView>> {
  const form = new FormData();
  form.set('file', new Blob([bytes]), name);
  const answer = await fetch(`${url}/api/v1/tickets/${ticketId}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: form,
  });
  const body = (await answer.json()) as FileView;
  return { status: answer.status, headers: answer.headers, body };
}

/** The same process at another time of day. */
export function laterBy(ctx: AppContext, ms: number): AppContext {
  return { ...ctx, clock: createClock(() => ctx.clock() + ms) };
}

/** What is stored of files: rows, bytes and usage, each counted from what lies in the database. */
export async function storedFiles({ db }: AppContext) {
  const { db: database } = db.connection;
  const all = (name: string) => database!.collection(name).find().toArray();
  const [rows, files, chunks, usage] = await Promise.all(
    ['stored_files', 'files.files', 'files.chunks', 'usage'].map(all),
  );
  const bytesIn = (row: { data?: { length(): number } }) => row.data?.length() ?? 0;
  return {
    rows: rows!,
    files: files!.map(({ _id }) => _id.toHexString()),
    bytes: chunks!.reduce((sum, row) => sum + bytesIn(row as never), 0),
    chunksOf: new Set(chunks!.map(({ files_id }) => files_id.toHexString())),
    usage: Object.fromEntries(usage!.map(({ _id, bytes }) => [String(_id), bytes])) as Record<
      string,
      number
    >,
  };
}

/** What the usage rows should say, added up from the files' rows; rows of nothing left out. */
export async function countedUsage(ctx: AppContext) {
  const { rows, usage } = await storedFiles(ctx);
  const counted: Record<string, number> = {};
  for (const { uploader, ticket_id, side, bytes } of rows) {
    const place =
      ticket_id && [`ticket ${ticket_id.toHexString()}`, side].filter(Boolean).join(' ');
    const ofTicket = place ? [place] : [];
    for (const key of [`user ${uploader}`, ...ofTicket]) {
      counted[key] = (counted[key] ?? 0) + bytes;
    }
  }
  const stored = Object.fromEntries(
    Object.entries(usage).filter(([key, bytes]) => bytes !== 0 && !key.startsWith('opener')),
  );
  return { counted, stored };
}
