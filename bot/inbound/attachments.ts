import { sizes } from '../../src/contract/limits.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import { storeFile } from '../../src/domain/files/upload.ts';
import type { Message } from '../../src/domain/log/entry.ts';
import type { Post } from '../../src/domain/mirror/posts.ts';
import { AppError } from '../../src/errors.ts';
import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { AttachmentUnavailable, code, hasCode, isTransient } from '../rest/discord-errors.ts';
import { download, ForeignLink, LinkExpired } from './download.ts';
import type { Incoming, IncomingFile } from './incoming.ts';

const TRIES = 3;
const tooLarge = `is larger than ${sizes.file / 1024 / 1024} MiB`;

export type StoredFile = Message['files'][number];

/** A file of a Discord message, and what became of it. */
export interface Copied {
  attachment: string;
  file: StoredFile;
}

/** The message was deleted before its files could be had: there is nothing left to pass on. */
export class MessageGone extends Error {}

/** True when the files of a message have kept its ticket waiting for long enough. */
function isOverdue(bridge: Bridge, ticket: MirroredTicket, { id }: Incoming): boolean {
  const now = performance.now();
  if (ticket.unfetched?.id !== id) ticket.unfetched = { id, since: now };
  return now - ticket.unfetched.since >= bridge.filePatienceMs;
}

/** The message's attachments with fresh links: those of the event die within a day. */
async function refreshLinks(incoming: Incoming): Promise<Map<string, string>> {
  const fresh = await incoming.message.fetch(true).catch((error: unknown) => {
    if (hasCode(error, code.unknownMessage)) throw new MessageGone();
    if (isTransient(error)) throw error;
    return undefined;
  });
  return new Map([...(fresh?.attachments.values() ?? [])].map(({ id, url }) => [id, url]));
}

/** @returns the copy, or why there is none; @throws AttachmentUnavailable while the message is to wait for it */
async function copyOne(
  bridge: Bridge,
  actor: Actor,
  ticket: MirroredTicket,
  incoming: Incoming,
  file: IncomingFile,
): Promise<StoredFile | string> {
  if (file.size > sizes.file) return tooLarge;
  let { url } = file;
  for (let tries = 1; ; tries++) {
    try {
      const bytes = await download(bridge.discord, url);
      return await storeFile(bridge.ctx, actor, ticket.id, file.name, bytes);
    } catch (error) {
      if (error instanceof AppError && error.code === 'PAYLOAD_TOO_LARGE') return tooLarge;
      if (error instanceof AppError && error.code === 'BAD_REQUEST') return 'is empty';
      if (error instanceof ForeignLink) return 'does not lie on a file server of Discord';
      const last = tries >= TRIES;
      if (error instanceof LinkExpired) {
        const renewed = (await refreshLinks(incoming)).get(file.id);
        if (!renewed || last) return 'is gone from Discord';
        url = renewed;
      } else if (error instanceof AttachmentUnavailable && isOverdue(bridge, ticket, incoming)) {
        return 'could not be fetched from Discord';
      } else if (last) throw error;
    }
  }
}

/**
 * Copies what is attached to our own storage: Discord's links do not last.
 * @returns the copies, and one line for each file that could not be had
 * @throws MessageGone
 */
export async function copyFiles(
  bridge: Bridge,
  actor: Actor,
  ticket: MirroredTicket,
  incoming: Incoming,
  wanted: readonly IncomingFile[],
): Promise<{ copied: Copied[]; missing: string[] }> {
  const copied: Copied[] = [];
  const missing: string[] = [];
  for (const file of wanted) {
    const outcome = await copyOne(bridge, actor, ticket, incoming, file);
    if (typeof outcome === 'string') missing.push(`${file.name} ${outcome}`);
    else copied.push({ attachment: file.id, file: outcome });
  }
  return { copied, missing };
}

/** Which attachment each stored file was: their order is the same, but some were not taken. */
export function pairFiles(
  stored: readonly StoredFile[],
  attached: readonly IncomingFile[],
): Copied[] {
  const left = [...attached];
  return stored.map((file) => {
    const at = left.findIndex(({ size }) => size === file.size);
    const [found] = left.splice(0, at + 1).slice(-1);
    return { attachment: found?.id ?? '', file };
  });
}

/** The files of an edited message: those it kept as they are stored, new ones copied. */
export async function filesAfter(
  bridge: Bridge,
  actor: Actor,
  ticket: MirroredTicket,
  incoming: Incoming,
  message: Message,
  post: Post,
): Promise<{ files: Copied[]; missing: string[] }> {
  const stored = new Map(message.files.map((file) => [file.id, file]));
  const kept = new Map(
    post.files.flatMap(({ attachment, file }) => {
      const found = stored.get(file);
      return found ? [[attachment, found] as const] : [];
    }),
  );
  // What could not be had when the message came, and was told of then, is not tried again.
  const isNew = ({ id }: IncomingFile) => !kept.has(id) && !post.missing?.includes(id);
  const added = incoming.files.filter(isNew);
  const { copied, missing } = await copyFiles(bridge, actor, ticket, incoming, added);
  const fresh = new Map(copied.map(({ attachment, file }) => [attachment, file]));
  const files = incoming.files.flatMap(({ id }) => {
    const file = kept.get(id) ?? fresh.get(id);
    return file ? [{ attachment: id, file }] : [];
  });
  return { files, missing };
}
