import type { DeskErrorCode } from '../../../client/errors.ts';
import { limits } from './text-rules.ts';
import type { Words } from './words.ts';

interface Reason {
  code: DeskErrorCode;
  file?: string | undefined;
}

const MB = 1024 * 1024;

/** A size in MB as a text names it. */
export const inMegabytes = (bytes: number, { locale }: Words) =>
  new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(bytes / MB);

/** Why something was not taken, for the person who sent it. */
export function reasonText(words: Words, reason: Reason | undefined): string {
  const { say } = words;
  const name = reason?.file;
  switch (reason?.code) {
    case 'CONFLICT':
      return say('errClosed');
    case 'NOT_FOUND':
      return say('errGone');
    case 'FILE_GONE':
      return say('fileGone', { name: name ?? '' });
    default:
      return name ? say('fileRefused', { name }) : say('errOther');
  }
}

/** Why a file cannot be sent, before it is tried; undefined where it can. */
export function refuseFile(words: Words, { name, size }: File, count: number): string | undefined {
  const { say } = words;
  const max = limits.filesPerMessage;
  if (count >= max) return say('filesTooMany', { max });
  if (size === 0) return say('fileEmpty', { name });
  if (size <= limits.file) return undefined;
  const values = { size: inMegabytes(size, words), max: limits.file / MB };
  return say('fileTooBig', { name, ...values });
}
