import type { AppContext } from '../../context.ts';
import type { FileRow } from '../../models/entry.ts';
import { isInline } from '../files/content.ts';
import { loadFile } from '../files/read.ts';
import { fileView } from '../links.ts';
import type { FileLink } from './page.ts';

/** Images up to this size are shown in place, in bytes. */
const MAX_IMAGE = 3 * 1024 * 1024;
/** All of one transcript together, as they stand in it. */
export const MAX_IMAGES = 8 * 1024 * 1024;

/** An image's size as it stands in the page. */
const encodedSize = (size: number) => Math.ceil(size / 3) * 4 + 64;

/** The images among files that are shown in place, as long as there is room. */
export function chooseImages(files: Iterable<FileRow>, room: number): FileRow[] {
  let left = room;
  const chosen: FileRow[] = [];
  for (const file of files) {
    const size = encodedSize(file.size);
    if (!isInline(file.type) || file.size > MAX_IMAGE || size > left) continue;
    chosen.push(file);
    left -= size;
  }
  return chosen;
}

/** Images as `data:` addresses; those whose bytes are gone are left out. */
export async function readImages(
  ctx: AppContext,
  chosen: readonly FileRow[],
): Promise<Map<string, string>> {
  const images = new Map<string, string>();
  for (const { id, type } of chosen) {
    const bytes = await loadFile(ctx, id).catch(() => undefined);
    if (bytes) images.set(id, `data:${type};base64,${bytes.toString('base64')}`);
  }
  return images;
}

/**
 * Where the bytes of a file are, for a page that lasts longer than a signed link.
 * @param from when the signed link's hour begins
 */
export function linkOf(ctx: AppContext, file: FileRow, from: number): FileLink {
  return {
    signed: fileView(ctx, file, from).url,
    lasting: `${ctx.publicUrl()}/api/v1/attachments/${file.id}/download`,
  };
}

export function linksOf(
  ctx: AppContext,
  files: Iterable<FileRow>,
  from: number,
): Map<string, FileLink> {
  return new Map([...files].map((file) => [file.id, linkOf(ctx, file, from)]));
}
