import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AppContext } from '../context.ts';
import { sizes } from '../contract/limits.ts';
import type { FileView } from '../contract/messages.ts';
import type { FileRow } from '../models/entry.ts';
import { derivedKeys } from './access/derived-keys.ts';

const sign = (key: Buffer, id: string, expires: number) =>
  createHmac('sha256', key).update(`file:${id}:${expires}`).digest();

/** True where a link to a file was signed by us and has not expired. */
export function isSignedLink(ctx: AppContext, id: string, expires: number, sig: string): boolean {
  if (!(expires > ctx.clock())) return false;
  const given = Buffer.from(sig, 'base64url');
  return derivedKeys(ctx.config).links.some((key) => {
    const wanted = sign(key, id, expires);
    return wanted.length === given.length && timingSafeEqual(wanted, given);
  });
}

/** A file with a link that lives one hour, by default from now, or until no message has the file any more. */
export function fileView(ctx: AppContext, file: FileRow, from = ctx.clock()): FileView {
  const expires = from + sizes.signedLinkLife;
  const [key] = derivedKeys(ctx.config).links;
  const sig = sign(key as Buffer, file.id, expires).toString('base64url');
  const path = `/api/v1/files/${file.id}/${encodeURIComponent(file.name)}`;
  const url = `${ctx.publicUrl()}${path}?exp=${expires}&sig=${sig}`;
  return { id: file.id, name: file.name, type: file.type, size: file.size, url };
}
