import {
  anything,
  bool,
  choice,
  integer,
  link,
  list,
  maybe,
  object,
  optional,
  snowflake,
  text,
} from './fields.ts';

/** Shapes of the parts of messages and modals; rules between them are in `components.ts`. */
export const customId = text({ min: 1, max: 100 });
const emoji = maybe(object({ id: maybe(snowflake), name: maybe(text()), animated: maybe(bool) }));

export const button = object({
  type: choice(2),
  id: optional(integer()),
  style: integer({ min: 1, max: 6 }),
  label: maybe(text({ max: 80 })),
  emoji,
  custom_id: maybe(customId),
  url: maybe(link('http', 'https', 'discord')),
  sku_id: maybe(snowflake),
  disabled: maybe(bool),
});

const selectOption = object({
  label: text({ min: 1, max: 100 }),
  value: text({ min: 1, max: 100 }),
  description: maybe(text({ max: 100 })),
  emoji,
  default: maybe(bool),
});

export const select = object({
  type: choice(3, 5, 6, 7, 8),
  id: optional(integer()),
  custom_id: customId,
  options: maybe(list(selectOption, { max: 25 })),
  placeholder: maybe(text({ max: 150 })),
  min_values: maybe(integer({ min: 0, max: 25 })),
  max_values: maybe(integer({ min: 1, max: 25 })),
  disabled: maybe(bool),
  required: maybe(bool),
  default_values: maybe(list(anything, { max: 25 })),
  channel_types: maybe(list(integer())),
});

export const textInput = object({
  type: choice(4),
  id: optional(integer()),
  custom_id: customId,
  style: choice(1, 2),
  label: maybe(text({ max: 45 })),
  min_length: maybe(integer({ min: 0, max: 4000 })),
  max_length: maybe(integer({ min: 1, max: 4000 })),
  required: maybe(bool),
  value: maybe(text({ max: 4000 })),
  placeholder: maybe(text({ max: 100 })),
});
