import type { RawFile } from 'discord.js';
import type { Message } from '../../../src/domain/log/entry.ts';
import { MAX_CONTENT, NOT_SHOWN, NOT_TAKEN, shorten, systemLine } from '../../format.ts';
import type { Refusal } from '../../rest/call-ends.ts';

export type File = Message['files'][number];

/** One way to show a part of a message. */
export interface Rendition {
  /** Tells it from the others of the same part. */
  name: '' | 'links' | 'attached' | 'left-out';
  content: string;
  files: readonly File[];
  /** The text as a file, where Discord does not take it as text. */
  text?: RawFile;
  /** Files that are left out, and why, for staff. */
  leftOut?: string;
}

/** Breaks the links in a text, so that they can be read and not followed. */
export function breakLinks(text: string): string {
  return text.replace(/\bhttp(s?):\/\/([^\s/<>]+)/gi, (_whole, secure: string, host: string) => {
    return `hxxp${secure.toLowerCase()}://${host.replaceAll('.', '[.]')}`;
  });
}

function asFile(content: string): RawFile {
  return { name: 'message.txt', data: Buffer.from(content), contentType: 'text/plain' };
}

function withoutFiles(tried: Rendition, why: string): Rendition {
  const names = tried.files.map(({ name }) => name.replace(/[*_`~|[\]()<>\\\n]/g, ''));
  const leftOut = `${NOT_SHOWN}${shorten(names.join(', '), 300)} (${why}). The ticket has it.`;
  return { ...tried, files: [], leftOut };
}

/** True for one that does not show all of it: a notice in its place, or files left out. */
export function isReduced({ name, leftOut }: Rendition): boolean {
  return name === 'left-out' || leftOut !== undefined;
}

/** The same with what is left out as its last line, where there is room for it. */
export function contentOf({ content, leftOut }: Rendition): string {
  if (!leftOut) return content;
  const line = `\n${systemLine(leftOut)}`;
  return content.length + line.length <= MAX_CONTENT ? content + line : content;
}

/**
 * What is tried after Discord has refused a rendition: without its files, then with its links
 * broken, then as a text file, then only that there is a message.
 * @param header the part with the name of who said it, and no text
 * @param original the first rendition of all
 * @param why says what Discord finds fault with in the files
 * @returns undefined where nothing is left to try
 */
export function afterRefusal(
  header: string,
  original: Rendition,
  tried: Rendition,
  cause: Refusal,
  why: (cause: Refusal) => string,
): Rendition | undefined {
  const isAboutFiles = cause === 'files' || cause === 'permission';
  if (isAboutFiles && tried.files.length > 0) return withoutFiles(tried, why(cause));
  if (cause === 'permission' && !tried.text) return undefined;
  // Other words would be one too many just the same.
  if (cause === 'limit') return undefined;
  const { files, leftOut } = tried;
  const kept = { files, ...(leftOut && { leftOut }) };
  if (tried.name === '') {
    const content = breakLinks(original.content);
    if (content !== original.content && content.length <= MAX_CONTENT) {
      return { ...kept, name: 'links', content };
    }
  }
  if (tried.name === '' || tried.name === 'links') {
    const content = `${header} *(Discord does not take this text; it is attached)*`;
    return { ...kept, name: 'attached', content, text: asFile(original.content) };
  }
  if (tried.name !== 'attached') return undefined;
  const content = `${header} ${NOT_TAKEN}`;
  return { name: 'left-out', content, files: [], ...(leftOut && { leftOut }) };
}
