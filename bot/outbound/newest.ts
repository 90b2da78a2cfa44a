import { isStaffRole } from '../../src/contract/identity.ts';
import { internalLog, type LogId, type Message, publicLog } from '../../src/domain/log/entry.ts';
import { readNewest } from '../../src/domain/log/message-pages.ts';
import type { Bridge } from '../bridge.ts';
import { escapeName, MAX_CONTENT, NOTE_MARK, oneLine, systemLine } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { timestamp } from './card/card-fields.ts';

/** Messages and notes that are told again, together. */
const NEWEST = 20;
const CHARACTERS_OF_ONE = 300;

/** Up to where the mirror has come, so that it is the same at every try. */
async function readBoth({ ctx }: Bridge, { id, mirror }: MirroredTicket): Promise<Message[]> {
  const read = async (log: LogId, head: number) => {
    if (head === 0) return [];
    const range = { log, head, limit: NEWEST };
    return (await readNewest(ctx.db, ctx.store.readPage, range, head + 1)).messages;
  };
  const found = [
    ...(await read(publicLog(id), mirror.seq)),
    ...(await read(internalLog(id), mirror.internal_seq)),
  ];
  return found.sort((a, b) => a.created_at - b.created_at).slice(-NEWEST);
}

function lineOf({ stream, author, content, files, created_at }: Message): string {
  const name = `**${escapeName(author.name)}**`;
  const tag = isStaffRole(author.role) ? ' (staff)' : '';
  const who = stream === 'internal' ? NOTE_MARK + name : name + tag;
  const names = files.map((file) => escapeName(file.name)).join(', ');
  const said = [oneLine(content, CHARACTERS_OF_ONE), ...(names ? [`📎 ${names}`] : [])];
  return `${who} ${timestamp(created_at)}: ${said.filter(Boolean).join(' ')}`;
}

/** A post of it: what it begins with, which tells it, and the whole. */
interface Part {
  start: string;
  content: string;
}

/**
 * The newest messages of a ticket, notes among them, one line each, in as few posts as they fit in.
 * @param first what the first one begins with
 */
export async function newestParts(
  bridge: Bridge,
  ticket: MirroredTicket,
  first: string,
): Promise<Part[]> {
  const lines = (await readBoth(bridge, ticket)).map(lineOf);
  const start = systemLine(lines.length > 0 ? `${first} The newest of it:` : first);
  const parts: Part[] = [{ start, content: start }];
  for (const line of lines) {
    const last = parts.at(-1) as Part;
    if (last.content.length + 1 + line.length <= MAX_CONTENT) last.content += `\n${line}`;
    else {
      const next = systemLine(`What was said, continued (${parts.length + 1}).`);
      parts.push({ start: next, content: `${next}\n${line}` });
    }
  }
  return parts;
}
