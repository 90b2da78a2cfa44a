import type { Attachment } from './entities.ts';
import { refused } from './errors.ts';
import { nextSnowflake } from './snowflake.ts';
import type { Upload } from './uploads.ts';
import type { World } from './world.ts';

interface Named {
  id: string;
  filename?: string | null | undefined;
  title?: string | null | undefined;
  description?: string | null | undefined;
  duration_secs?: unknown;
  waveform?: unknown;
}

const MAX_FILES = 10;
const TYPES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  svg: 'image/svg+xml',
  pdf: 'application/pdf',
  zip: 'application/zip',
  json: 'application/json; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  html: 'text/html; charset=utf-8',
  mp4: 'video/mp4',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
};

/**
 * The attachments a message has after a create or an edit. Entries of `listed` either keep one the message
 * has (by its id) or name a new file (the n of `files[n]`); without a list everything is kept.
 */
export function resolveAttachments(
  world: World,
  channelId: string,
  existing: Attachment[],
  listed: Named[] | null | undefined,
  uploads: Upload[],
): Attachment[] {
  const described = new Map<number, Named>();
  let kept = existing;
  if (listed) {
    kept = [];
    for (const entry of listed) {
      const old = existing.find((a) => a.id === entry.id);
      const file = uploads.find((u) => String(u.index) === entry.id);
      if (old) kept.push(old);
      else if (file) described.set(file.index, entry);
      else throw refused(50146, 'Uploaded file not found');
    }
  }
  if (kept.length + uploads.length > MAX_FILES) {
    throw refused(30015, 'Maximum number of attachments in a message reached (10)');
  }
  const added = uploads
    .toSorted((a, b) => a.index - b.index)
    .map((upload) => store(world, channelId, upload, described.get(upload.index)));
  return [...kept, ...added];
}

/** Makes the links to these attachments dead. */
export function dropAttachments(world: World, channelId: string, gone: Attachment[]): void {
  for (const { id, filename } of gone) world.files.delete(`${channelId}/${id}/${filename}`);
}

/** The files of a message, to be sent once more. Those whose bytes are gone are left out. */
export function uploadsOf(world: World, channelId: string, attachments: Attachment[]): Upload[] {
  return attachments.flatMap(({ id, filename, content_type }, index) => {
    const bytes = world.files.read(`${channelId}/${id}/${filename}`);
    return bytes ? { index, filename, contentType: content_type, bytes } : [];
  });
}

/** Stores files once more for another message, with what was said of them. */
export function storeFiles(
  world: World,
  channelId: string,
  uploads: Upload[],
  described: Attachment[],
): Attachment[] {
  return uploads.map((upload) => store(world, channelId, upload, described[upload.index]));
}

function store(
  world: World,
  channelId: string,
  upload: Upload,
  described: Named | undefined,
): Attachment {
  const wanted = described?.filename ?? upload.filename;
  const filename = cleanName(wanted);
  const title = described?.title ?? (filename === wanted ? undefined : stem(wanted));
  const attachment: Attachment = {
    id: nextSnowflake(),
    filename,
    size: upload.bytes.length,
    content_type: contentTypeOf(filename, upload.contentType),
    ...(title ? { title } : {}),
    ...(described?.description ? { description: described.description } : {}),
    ...measure(upload.bytes),
    ...(typeof described?.duration_secs === 'number'
      ? { duration_secs: described.duration_secs }
      : {}),
    ...(typeof described?.waveform === 'string' ? { waveform: described.waveform } : {}),
  };
  const key = `${channelId}/${attachment.id}/${filename}`;
  world.files.put(key, upload.bytes, attachment.content_type, world.settings.maxStoredBytes);
  return attachment;
}

/** Discord keeps letters, digits, dots, dashes and underscores; spaces become underscores, the rest goes. */
function cleanName(name: string): string {
  const base = name.split(/[/\\]/).pop() ?? '';
  const clean = base.replace(/ /g, '_').replace(/[^A-Za-z0-9._-]/g, '');
  return clean.replace(/^\.+/, '') === '' ? 'unknown' : clean;
}

/** Discord goes by the name where it knows the ending, not by what the sender claims. */
function contentTypeOf(filename: string, claimed: string): string {
  const ending = /\.([^.]+)$/.exec(filename)?.[1]?.toLowerCase() ?? '';
  return TYPES[ending] ?? claimed;
}

function stem(name: string): string {
  return name.replace(/\.[^.]*$/, '');
}

/** Width and height of a PNG or GIF; other kinds have none here. */
function measure(bytes: Buffer): { width: number; height: number } | Record<string, never> {
  const head = bytes.toString('latin1', 0, 6);
  if (head.startsWith('\x89PNG') && bytes.length >= 24) {
    return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  }
  if (/^GIF8[79]a/.test(head) && bytes.length >= 10) {
    return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  }
  return {};
}
