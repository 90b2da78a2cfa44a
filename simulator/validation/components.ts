import type { Json } from '../entities.ts';
import { button, customId, select, textInput } from './component-shapes.ts';
import type { FieldErrors } from './field-errors.ts';
import { type Field, list, maybe, object, text } from './fields.ts';
import { Tally } from './tally.ts';

/** Component types by name. */
export const ComponentType = {
  row: 1,
  button: 2,
  select: 3,
  textInput: 4,
  userSelect: 5,
  roleSelect: 6,
  mentionableSelect: 7,
  channelSelect: 8,
  section: 9,
  textDisplay: 10,
  label: 18,
} as const;

const LAYOUT_TYPES = [9, 10, 11, 12, 13, 14, 17];
const TOTAL_V2 = 40;
function readButton(value: unknown, errors: FieldErrors, tally: Tally): Json {
  const read = button(value, errors);
  if (errors.failed) return {};
  const isLink = read.style === 5;
  if (isLink && !read.url) {
    errors.at('url').add('BUTTON_COMPONENT_URL_REQUIRED', 'A url is required');
  }
  if (read.custom_id && read.url) {
    errors.add(
      'BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE',
      'A custom id and url cannot both be specified',
    );
  } else if (!isLink && read.style !== 6 && !read.custom_id) {
    errors.at('custom_id').add('BUTTON_COMPONENT_CUSTOM_ID_REQUIRED', 'A custom id is required');
  }
  if (read.style !== 6 && !read.label && !read.emoji) {
    errors.add('BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED', 'A label or emoji is required');
  }
  if (read.custom_id) tally.take(read.custom_id, errors);
  return given(read);
}

function readSelect(value: unknown, errors: FieldErrors, tally: Tally): Json {
  const read = select(value, errors);
  if (errors.failed) return {};
  const options = read.options ?? [];
  if (read.type === 3 && options.length === 0) {
    errors.at('options').add('BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 25 in length.');
  }
  const values = new Set<string>();
  options.forEach((one, index) => {
    if (values.has(one.value)) {
      errors
        .at('options')
        .at(index)
        .at('value')
        .add(
          'SELECT_COMPONENT_OPTION_VALUE_DUPLICATED',
          'The specified option value is already used',
        );
    }
    values.add(one.value);
  });
  tally.take(read.custom_id, errors);
  return given(read);
}

function readTextInput(value: unknown, errors: FieldErrors, tally: Tally): Json {
  const read = textInput(value, errors);
  if (errors.failed) return {};
  tally.take(read.custom_id, errors);
  return given(read);
}

function given(read: Record<string, unknown>): Json {
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value != null));
}

function typeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as Json).type : undefined;
}

function wrongType(errors: FieldErrors): void {
  errors
    .at('type')
    .add('COMPONENT_TYPE_INVALID', 'The specified component type is invalid in this context');
}

function readRow(value: unknown, errors: FieldErrors, tally: Tally, inModal: boolean): Json {
  const children = (value as Json).components;
  if (!Array.isArray(children) || children.length === 0) {
    errors.at('components').add('BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 5 in length.');
    return {};
  }
  let width = 0;
  const components = children.map((child, index) => {
    const place = errors.at('components').at(index);
    const type = typeOf(child);
    const isButton = type === ComponentType.button;
    const isSelect = type === 3 || (typeof type === 'number' && type >= 5 && type <= 8);
    width += isButton ? 1 : 5;
    tally.count += 1;
    if (width > 5) {
      place.add(
        'COMPONENT_LAYOUT_WIDTH_EXCEEDED',
        'The specified component exceeds the maximum width',
      );
    }
    if (inModal && type === ComponentType.textInput) return readTextInput(child, place, tally);
    if (!inModal && isButton) return readButton(child, place, tally);
    if (!inModal && isSelect) return readSelect(child, place, tally);
    wrongType(place);
    return {};
  });
  return { type: 1, components };
}

/** Takes a layout component as it is, but reads every button and select in it. */
function readLayout(value: Json, errors: FieldErrors, tally: Tally): Json {
  tally.count += 1;
  const out: Json = { ...value };
  const read = (child: unknown, place: FieldErrors): Json => {
    const type = typeOf(child);
    if (type === 1) return readRow(child, place, tally, false);
    if (type === 2) return readButton(child, place, tally);
    if (LAYOUT_TYPES.includes(Number(type))) return readLayout(child as Json, place, tally);
    if (type !== 11) wrongType(place);
    return child as Json;
  };
  if (value.type === 10) text({ min: 1, max: 4000 })(value.content, errors.at('content'));
  if (Array.isArray(value.components)) {
    const place = errors.at('components');
    out.components = value.components.map((child, index) => read(child, place.at(index)));
  }
  if (value.type === 9) out.accessory = read(value.accessory, errors.at('accessory'));
  return out;
}

/** A message's components: up to five rows, or with the Components V2 flag up to forty of any kind. */
export function messageComponents(v2: boolean): Field<Json[]> {
  return (value, errors) => {
    const tally = new Tally();
    const read = list(
      (one, place) => {
        const type = typeOf(one);
        tally.count += 1;
        if (type === 1) return readRow(one, place, tally, false);
        if (v2 && LAYOUT_TYPES.includes(Number(type))) return readLayout(one as Json, place, tally);
        wrongType(place);
        return {};
      },
      v2 ? { max: TOTAL_V2 } : { max: 5 },
    )(value, errors);
    if (v2 && tally.count > TOTAL_V2) {
      errors.add('BASE_TYPE_MAX_LENGTH', `Must be ${TOTAL_V2} or fewer in length.`);
    }
    return read;
  };
}

/** A modal: its title, id and one to five rows or labels with one input each. */
export const modal: Field<Json> = (value, errors) => {
  const tally = new Tally();
  const part: Field<Json> = (one, place) => {
    const type = typeOf(one);
    if (type === 1) return readRow(one, place, tally, true);
    if (type === 10) return one as Json;
    if (type === ComponentType.label) return readLabel(one as Json, place, tally);
    wrongType(place);
    return {};
  };
  const read = object({
    custom_id: customId,
    title: text({ min: 1, max: 45 }),
    components: list(part, { min: 1, max: 5 }),
  })(value, errors);
  return read;
};

function readLabel(value: Json, errors: FieldErrors, tally: Tally): Json {
  text({ min: 1, max: 45 })(value.label, errors.at('label'));
  maybe(text({ max: 100 }))(value.description, errors.at('description'));
  const place = errors.at('component');
  const type = typeOf(value.component);
  if (type === ComponentType.textInput) {
    return { ...value, component: readTextInput(value.component, place, tally) };
  }
  if (typeof type === 'number' && (type === 3 || (type >= 5 && type <= 8))) {
    return { ...value, component: readSelect(value.component, place, tally) };
  }
  wrongType(place);
  return {};
}
