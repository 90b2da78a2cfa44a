import { invalidForm } from '../errors.ts';
import { isSnowflake } from '../snowflake.ts';
import { FieldErrors } from './field-errors.ts';

/** Reads one value: returns it typed, or notes what is wrong with it (the result is then not to be used). */
export type Field<T> = (value: unknown, errors: FieldErrors) => T;

type Shape = Record<string, Field<unknown>>;
/** The type a set of fields reads. */
export type Read<S extends Shape> = { [K in keyof S]: ReturnType<S[K]> };

const NOTHING = undefined as never;

/** Runs a field over a body; throws 50035 with everything that is wrong. */
export function validate<T>(field: Field<T>, value: unknown, strict = false): T {
  const errors = new FieldErrors(strict);
  const read = field(value, errors);
  if (errors.failed) throw invalidForm(errors.toJSON());
  return read;
}

function missing(value: unknown, errors: FieldErrors): value is null | undefined {
  if (value !== undefined && value !== null) return false;
  errors.add('BASE_TYPE_REQUIRED', 'This field is required');
  return true;
}

/** May be left out. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value, errors) => (value === undefined ? undefined : field(value, errors));
}

/** May be null. */
function nullable<T>(field: Field<T>): Field<T | null> {
  return (value, errors) => (value === null ? null : field(value, errors));
}

/** May be left out or null. */
export function maybe<T>(field: Field<T>): Field<T | null | undefined> {
  return optional(nullable(field));
}

interface Range {
  min?: number;
  max?: number;
}

/** Length as Discord counts it: characters, not UTF-16 units. */
export function lengthOf(text: string): number {
  return text.length > 1 ? [...text].length : text.length;
}

function checkLength(length: number, { min, max }: Range, errors: FieldErrors): void {
  const tooShort = min !== undefined && length < min;
  const tooLong = max !== undefined && length > max;
  if (!tooShort && !tooLong) return;
  if (min !== undefined && min > 0 && max !== undefined) {
    errors.add('BASE_TYPE_BAD_LENGTH', `Must be between ${min} and ${max} in length.`);
  } else if (tooLong) errors.add('BASE_TYPE_MAX_LENGTH', `Must be ${max} or fewer in length.`);
  else errors.add('BASE_TYPE_MIN_LENGTH', `Must be ${min} or more in length.`);
}

/** A string; leading and trailing white space is cut off before it is measured, as Discord does. */
export function text(range: Range = {}): Field<string> {
  return (value, errors) => {
    if (missing(value, errors)) return NOTHING;
    if (typeof value !== 'string' && typeof value !== 'number') {
      errors.add('STRING_TYPE_CONVERT', `Could not interpret "${shown(value)}" as string.`);
      return NOTHING;
    }
    const read = String(value).trim();
    if ((range.min ?? 0) > 0 && read === '') {
      errors.add('BASE_TYPE_REQUIRED', 'This field is required');
      return NOTHING;
    }
    checkLength(lengthOf(read), range, errors);
    return read;
  };
}

export function integer(range: Range = {}): Field<number> {
  return (value, errors) => {
    if (missing(value, errors)) return NOTHING;
    const read = typeof value === 'string' && value !== '' ? Number(value) : value;
    if (typeof read !== 'number' || !Number.isInteger(read)) {
      errors.add('NUMBER_TYPE_COERCE', `Value "${shown(value)}" is not int.`);
      return NOTHING;
    }
    if (range.max !== undefined && read > range.max) {
      errors.add('NUMBER_TYPE_MAX', `int value should be less than or equal to ${range.max}.`);
    }
    if (range.min !== undefined && read < range.min) {
      errors.add('NUMBER_TYPE_MIN', `int value should be greater than or equal to ${range.min}.`);
    }
    return read;
  };
}

export const bool: Field<boolean> = (value, errors) => {
  if (missing(value, errors)) return NOTHING;
  if (typeof value === 'boolean') return value;
  errors.add('BOOLEAN_TYPE_CONVERT', 'Must be either true or false.');
  return NOTHING;
};

export const snowflake: Field<string> = (value, errors) => {
  if (missing(value, errors)) return NOTHING;
  const read = String(value);
  if (isSnowflake(read)) return read;
  errors.add('NUMBER_TYPE_COERCE', `Value "${shown(value)}" is not snowflake.`);
  return NOTHING;
};

/** A set of permission bits, as a string of digits or a number. */
export const bits: Field<string> = (value, errors) => {
  if (missing(value, errors)) return NOTHING;
  if (/^\d+$/.test(String(value))) return BigInt(String(value)).toString();
  errors.add('NUMBER_TYPE_COERCE', `Value "${shown(value)}" is not int.`);
  return NOTHING;
};

export const isoTime: Field<string> = (value, errors) => {
  if (missing(value, errors)) return NOTHING;
  const time = Date.parse(String(value));
  if (!Number.isNaN(time)) return new Date(time).toISOString().replace('Z', '000+00:00');
  errors.add('DATE_TIME_TYPE_PARSE', `Could not parse ${shown(value)}. Should be ISO8601.`);
  return NOTHING;
};

export function choice<const T extends readonly (string | number)[]>(
  ...allowed: T
): Field<T[number]> {
  return (value, errors) => {
    if (missing(value, errors)) return NOTHING;
    const found = allowed.find((one) => one === value);
    if (found !== undefined) return found;
    errors.add('BASE_TYPE_CHOICES', `Value must be one of (${allowed.join(', ')}).`);
    return NOTHING;
  };
}

/** An address with one of the schemes. */
export function link(...schemes: string[]): Field<string> {
  return (value, errors) => {
    const read = text({ max: 2048 })(value, errors);
    if (typeof read !== 'string') return NOTHING;
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(read)?.[1]?.toLowerCase();
    if (scheme === undefined || (scheme !== 'attachment' && !URL.canParse(read))) {
      errors.add('URL_TYPE_INVALID_URL', 'Not a well formed URL.');
    } else if (!schemes.includes(scheme)) {
      const list = schemes.map((s) => `'${s}'`).join(', ');
      errors.add(
        'URL_TYPE_INVALID_SCHEME',
        `Scheme "${scheme}" is not supported. Scheme must be one of (${list}).`,
      );
    }
    return read;
  };
}

export function list<T>(item: Field<T>, range: Range = {}): Field<T[]> {
  return (value, errors) => {
    if (missing(value, errors)) return NOTHING;
    if (!Array.isArray(value)) {
      errors.add('LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType');
      return NOTHING;
    }
    checkLength(value.length, range, errors);
    return value.map((one, index) => item(one, errors.at(index)));
  };
}

export function object<S extends Shape>(shape: S): Field<Read<S>> {
  return (value, errors) => {
    if (missing(value, errors)) return NOTHING;
    if (typeof value !== 'object' || Array.isArray(value)) {
      errors.add('MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType');
      return NOTHING;
    }
    const given = value as Record<string, unknown>;
    const read: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(shape)) {
      read[key] = field(Object.hasOwn(given, key) ? given[key] : undefined, errors.at(key));
    }
    if (errors.strict) {
      for (const key of Object.keys(given)) {
        if (!Object.hasOwn(shape, key)) errors.at(key).add('UNKNOWN_FIELD', 'Unknown field.');
      }
    }
    return read as Read<S>;
  };
}

/** Anything at all, taken as it is. */
export const anything: Field<unknown> = (value) => value;

function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
