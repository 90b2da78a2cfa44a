import type { Stream } from '../../../src/domain/log/entry.ts';
import { bareParts, type Speech, speechParts } from '../../format.ts';
import type { File } from './renditions.ts';

/** Below Discord's 25 MiB a request, with room for what is around the files; it takes ten of them, as we do. */
const BYTES_IN_A_POST = 24 * 1024 * 1024;

/** What is said in the channel for one entry of the log. */
export interface Said {
  entryId: string;
  /** The message it belongs to; of a ticket's description, the ticket. */
  messageId: string;
  seq: number;
  stream: Stream;
  speech: Speech;
  /** As their token names them. */
  authorId: string;
  files: readonly File[];
  /** The message of the log that it answers. */
  answers?: string | null | undefined;
  /** See `Outgoing`. */
  inLogOrder: boolean;
}

export interface Part {
  content: string;
  /** The same as it stands under its author's own name. */
  bare: string;
  files: File[];
}

/** Files as few posts as they fit in. */
function groupFiles(files: readonly File[]): File[][] {
  const groups: File[][] = [];
  let bytes = 0;
  for (const file of files) {
    const group = groups.at(-1);
    bytes += file.size;
    if (!group || bytes > BYTES_IN_A_POST) {
      groups.push([file]);
      bytes = file.size;
    } else group.push(file);
  }
  return groups;
}

export function headerOf(speech: Speech): string {
  return speechParts({ ...speech, text: '' })[0] as string;
}

/** The posts a message takes: its text in order, the files with the last of it. */
export function planParts(speech: Speech, files: readonly File[]): Part[] {
  const bare = bareParts(speech);
  const parts: Part[] = speechParts(speech).map((content, nth) => {
    return { content, bare: bare[nth] ?? '', files: [] };
  });
  const [first, ...further] = groupFiles(files);
  if (first) (parts.at(-1) as Part).files = first;
  for (const group of further) {
    parts.push({ content: `${headerOf(speech)} files`, bare: '', files: group });
  }
  return parts;
}

/** Whose words a webhook may say: the customers', and nobody's else. */
export function isCustomers({ speech }: Pick<Said, 'speech'>): boolean {
  return speech.tag === undefined;
}
