import { z } from 'zod';

/** Length in Unicode code points, as every limit of the contract counts it. */
function countCodePoints(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xdc00 || unit > 0xdfff) count++;
  }
  return count;
}

interface TextRule {
  max: number;
  trim?: boolean;
}

/**
 * Text of 1 to `max` code points. Lone surrogates and text of white space alone are refused;
 * only topics are trimmed, the rest is kept exactly as sent.
 */
export function text({ max, trim = false }: TextRule) {
  const base = z.string();
  return (trim ? base.trim() : base).superRefine((value, refinement) => {
    const fail = (type: string, message: string, context?: unknown) =>
      refinement.addIssue({ code: 'custom', message, params: { type, context } });
    if (value.length === 0) return fail('too_short', 'must not be empty', { min: 1 });
    if (!value.isWellFormed()) return fail('lone_surrogate', 'is not well-formed Unicode');
    if (!/\S/u.test(value)) return fail('blank', 'must not be white space alone');
    if (value.length > max && countCodePoints(value) > max) {
      fail('too_long', `must be at most ${max} characters`, { max });
    }
  });
}
