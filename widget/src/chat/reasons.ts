import type { Reason } from '../../../client/errors.ts';
import { limits } from './text-rules.ts';
import type { Words } from './words.ts';

const MB = 1024 * 1024;

/** A size in MB as a text names it. */
export const inMegabytes = (bytes: number, { locale }: Words) =>
  new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(bytes / MB);

/** What staff have given as the reason of a block, and when it ends by itself. */
type Block = { reason: string; expires_at: number | null };

function blockText({ say, full }: Words, { reason, expires_at }: Block): string {
  if (expires_at === null) return say('errBlocked', { reason });
  return say('errBlockedUntil', { reason, time: full(expires_at) });
}

/** Why something was not taken, for the person who sent it. */
export function reasonText(words: Words, reason: Reason | undefined): string {
  const { say } = words;
  const name = reason?.file;
  switch (reason?.type) {
    case 'blocked':
      return blockText(words, reason.context as Block);
    case 'too_many_reactions':
      return say('errReact');
    case 'too_many_open':
      return say('errManyOpen');
  }
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
