import { z } from 'zod';
import type { FieldError } from '../../contract/errors.ts';
import { sizes } from '../../contract/limits.ts';
import { text } from '../../contract/text.ts';
import { assigneeText, descriptionText, reasonText, topicText } from '../../contract/tickets.ts';
import { invalidForm } from '../../errors.ts';
import { describeUnion, expectedTypes } from './union-issue.ts';

type Issue = z.core.$ZodIssue;

function typeOf(issue: Issue, value: unknown): { type: string; context?: unknown } {
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined
        ? { type: 'required', context: { expected: issue.expected } }
        : { type: 'invalid_type', context: { expected: issue.expected } };
    case 'invalid_union':
      return {
        type: value === undefined ? 'required' : 'invalid_union',
        context: { expected: expectedTypes(issue, value) },
      };
    case 'invalid_value':
      return { type: 'invalid_value', context: { allowed: issue.values } };
    case 'too_small':
      return { type: 'too_short', context: { min: Number(issue.minimum) } };
    case 'too_big':
      return { type: 'too_long', context: { max: Number(issue.maximum) } };
    case 'invalid_format':
      return { type: 'invalid_format' };
    case 'custom': {
      const { type = 'invalid', context } = (issue.params ?? {}) as {
        type?: string;
        context?: unknown;
      };
      return context === undefined ? { type } : { type, context };
    }
    default:
      return { type: issue.code };
  }
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

function messageOf(issue: Issue, type: string, value: unknown): string {
  if (type === 'required') return 'is required';
  if (issue.code === 'invalid_union') return describeUnion(issue, value);
  const ofKey = issue.code === 'invalid_key' ? issue.issues[0] : undefined;
  return ofKey ? `its name: ${ofKey.message}` : issue.message;
}

function toFieldError(issue: Issue, input: unknown, where: FieldError['in']): FieldError {
  const value = valueAt(input, issue.path);
  const { type, context } = typeOf(issue, value);
  const location = issue.path.map(String).join('.') || where;
  const message = messageOf(issue, type, value);
  return { location, message, type, ...(context !== undefined && { context }), in: where };
}

/**
 * Parses input of a door with a schema of the contract.
 * @throws AppError BAD_REQUEST with one entry for every wrong field
 */
export function parseInput<S extends z.ZodType>(
  schema: S,
  input: unknown,
  where: FieldError['in'],
): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw invalidForm(parsed.error.issues.map((issue) => toFieldError(issue, input, where)));
}

/** The rule of one text, for verbs: whichever door it comes through, it is the same, and so is the error. */
function textParser(field: string, schema: z.ZodType<string, string>) {
  const object = z.object({ [field]: schema });
  return (value: string): string => parseInput(object, { [field]: value }, 'body')[field] as string;
}

const parseFilledText = textParser('content', text({ max: sizes.content }));
const parseAnyText = textParser('content', text({ max: sizes.content, empty: true }));

/**
 * A message's text: something visible, of a bounded length, or nothing at all where there are files.
 * @throws AppError BAD_REQUEST, as do the others
 */
export function parseMessageText(content: string, hasFiles: boolean): string {
  return hasFiles ? parseAnyText(content) : parseFilledText(content);
}

/** Each returns the text as it is to be stored, trimmed where the contract says so. */
export const parseTopic = textParser('topic', topicText);
export const parseDescription = textParser('description', descriptionText);
export const parseReason = textParser('reason', reasonText);
export const parseAssignee = textParser('assigned_to', assigneeText);
