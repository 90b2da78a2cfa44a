import type { Json } from '../entities.ts';
import { ApiError } from '../errors.ts';
import { FieldErrors } from './field-errors.ts';
import { lengthOf } from './fields.ts';
import { fitsSelect } from './selects.ts';

/**
 * Checks what a person filled in against the modal and gives it back in the modal's own shape. Values are
 * looked up by `custom_id`, however the client nests them.
 */
export function readInputs(modal: Json, given: unknown): Json[] {
  const values = new Map<string, Json>();
  collect(given, values);
  const errors = new FieldErrors();
  const parts = (modal.components ?? []) as Json[];
  const read = parts.map((part, index) => readPart(part, values, errors.at(index)));
  if (errors.failed) {
    throw new ApiError(400, 50035, 'Invalid Form Body', { data: { components: errors.toJSON() } });
  }
  return read;
}

function collect(given: unknown, values: Map<string, Json>): void {
  if (Array.isArray(given)) for (const one of given) collect(one, values);
  else if (typeof given === 'object' && given !== null) {
    const part = given as Json;
    if (typeof part.custom_id === 'string') values.set(part.custom_id, part);
    collect(part.components, values);
    collect(part.component, values);
  }
}

function readPart(part: Json, values: Map<string, Json>, errors: FieldErrors): Json {
  if (part.type === 1) {
    const inside = (part.components ?? []) as Json[];
    const components = inside.map((one, i) => readLeaf(one, values, errors.at('components').at(i)));
    return { type: 1, id: part.id ?? 1, components };
  }
  if (part.type === 18) {
    const component = readLeaf(part.component as Json, values, errors.at('component'));
    return { type: 18, id: part.id ?? 1, component };
  }
  return { type: part.type, id: part.id ?? 1 };
}

function readLeaf(leaf: Json, values: Map<string, Json>, errors: FieldErrors): Json {
  const { custom_id, type } = leaf;
  const given = values.get(String(custom_id));
  const shared = { type, id: leaf.id ?? 1, custom_id };
  if (type === 4) return { ...shared, value: readText(leaf, given, errors.at('value')) };
  const chosen = Array.isArray(given?.values) ? given.values.map(String) : [];
  const spared = chosen.length === 0 && leaf.required === false;
  if (!spared && !fitsSelect(leaf, chosen)) {
    errors.at('values').add('COMPONENT_VALIDATION_FAILED', 'Component validation failed');
  }
  return { ...shared, values: chosen };
}

function readText(leaf: Json, given: Json | undefined, errors: FieldErrors): string {
  const value = typeof given?.value === 'string' ? given.value : '';
  const length = lengthOf(value);
  const max = Number(leaf.max_length ?? 4000);
  const min = Number(leaf.min_length ?? 0);
  if (leaf.required !== false && value === '') {
    errors.add('BASE_TYPE_REQUIRED', 'This field is required');
  } else if (length > max) {
    errors.add('BASE_TYPE_MAX_LENGTH', `Must be ${max} or fewer in length.`);
  } else if (value !== '' && length < min) {
    errors.add('BASE_TYPE_MIN_LENGTH', `Must be ${min} or more in length.`);
  }
  return value;
}
