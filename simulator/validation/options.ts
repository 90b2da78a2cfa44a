import type { Json } from '../entities.ts';
import { ApiError } from '../errors.ts';
import { FieldErrors } from './field-errors.ts';

const SUBCOMMAND = 1;
const GROUP = 2;

/** Ids an option value may point at. */
export interface Named {
  users: string[];
  roles: string[];
  channels: string[];
}

/**
 * Checks the options a person filled in against the command's definition and gives them back as Discord
 * sends them on. While completing (`partial`), required ones may still be missing.
 */
export function readOptions(
  defined: Json[],
  given: unknown,
  partial: boolean,
  named: Named,
): Json[] {
  const errors = new FieldErrors();
  const read = readLevel(defined, given, partial, named, errors.at('options'));
  if (errors.failed) throw new ApiError(400, 50035, 'Invalid Form Body', { data: errors.toJSON() });
  return read;
}

function readLevel(
  defined: Json[],
  given: unknown,
  partial: boolean,
  named: Named,
  errors: FieldErrors,
): Json[] {
  const list = Array.isArray(given) ? (given as Json[]) : [];
  const read = list.map((one, index) => {
    const definition = defined.find((d) => d.name === one.name);
    const place = errors.at(index);
    if (!definition) {
      place.add('APPLICATION_COMMAND_OPTION_UNKNOWN', `Unknown option "${String(one.name)}"`);
      return {};
    }
    const type = Number(definition.type);
    if (type === SUBCOMMAND || type === GROUP) {
      const inside = (definition.options ?? []) as Json[];
      const options = readLevel(inside, one.options, partial, named, place.at('options'));
      return { type, name: one.name, options };
    }
    if (one.focused && definition.autocomplete !== true) {
      place.add('APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_INVALID', 'The option has no completion');
    }
    checkValue(definition, one.value, partial, place.at('value'));
    if (!partial) note(type, one.value, named);
    return { type, name: one.name, value: one.value, ...(one.focused ? { focused: true } : {}) };
  });
  const absent = defined.filter((d) => d.required && !list.some((one) => one.name === d.name));
  for (const { name } of partial ? [] : absent) {
    errors.at(String(name)).add('BASE_TYPE_REQUIRED', 'This field is required');
  }
  return read;
}

function checkValue(definition: Json, value: unknown, partial: boolean, errors: FieldErrors): void {
  if (partial) return;
  const type = Number(definition.type);
  const wanted = { 3: 'string', 4: 'number', 5: 'boolean', 10: 'number' }[type] ?? 'string';
  const kind: string = typeof value;
  const whole = type !== 4 || Number.isInteger(value);
  const choices = (definition.choices ?? []) as Json[];
  const known = choices.length === 0 || choices.some((one) => one.value === value);
  const size = typeof value === 'string' ? value.length : Number(value);
  const [low, high] =
    typeof value === 'string'
      ? [definition.min_length, definition.max_length]
      : [definition.min_value, definition.max_value];
  const tooSmall = low !== undefined && size < Number(low);
  const tooBig = high !== undefined && size > Number(high);
  if (kind === wanted && whole && known && !tooSmall && !tooBig) return;
  errors.add('APPLICATION_COMMAND_OPTION_VALUE_INVALID', 'Value does not fit the option');
}

function note(type: number, value: unknown, named: Named): void {
  const id = String(value);
  if (type === 6 || type === 9) named.users.push(id);
  if (type === 8 || type === 9) named.roles.push(id);
  if (type === 7) named.channels.push(id);
}
