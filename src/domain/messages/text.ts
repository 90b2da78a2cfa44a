import { sizes } from '../../contract/limits.ts';
import { checkText } from '../../contract/text.ts';
import { AppError } from '../../errors.ts';

/**
 * The rules of a message's text, for every door: something visible, of a bounded length; nothing at all
 * where there are files.
 * @throws AppError BAD_REQUEST
 */
export function requireText(content: string, hasFiles: boolean): void {
  const problem = checkText(content, { max: sizes.content, empty: hasFiles });
  if (!problem) return;
  throw new AppError('BAD_REQUEST', 'Invalid form of body', {
    errors: [{ location: 'content', in: 'body', ...problem }],
  });
}
