import type { Json } from '../entities.ts';
import { invalidForm } from '../errors.ts';
import { FieldErrors } from './field-errors.ts';
import { anything, list, object, text } from './fields.ts';

/** Body of an answer that completes an option. */
export const choicesData = object({
  choices: list(
    object({
      name: text({ min: 1, max: 100 }),
      name_localizations: anything,
      value: anything,
    }),
    { max: 25 },
  ),
});

/** Type of the option that is being typed, wherever in subcommands it is. */
export function focusedType(options: unknown): number | undefined {
  for (const one of (Array.isArray(options) ? options : []) as Json[]) {
    if (one.focused) return Number(one.type);
    const inside = focusedType(one.options);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** A choice's value is of its option's type, and no longer than a name when it is a text. */
export function checkChoices(choices: { value: unknown }[], type: number | undefined): void {
  const errors = new FieldErrors();
  choices.forEach(({ value }, index) => {
    const place = errors.at('choices').at(index).at('value');
    if (type === 3) text({ min: 1, max: 100 })(value, place);
    else if (typeof value !== 'number' || (type === 4 && !Number.isInteger(value))) {
      place.add('NUMBER_TYPE_COERCE', `Value "${String(value)}" is not a number.`);
    }
  });
  if (errors.failed) throw invalidForm(errors.toJSON());
}
