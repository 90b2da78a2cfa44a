import type { Json } from '../entities.ts';
import type { FieldErrors } from './field-errors.ts';
import {
  anything,
  bits,
  bool,
  choice,
  type Field,
  integer,
  list,
  maybe,
  object,
  optional,
  text,
} from './fields.ts';

const NAME = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;
const CHAT_INPUT = 1;

const choiceBody = object({
  name: text({ min: 1, max: 100 }),
  name_localizations: maybe(anything),
  value: anything,
});

const optionShape = object({
  type: integer({ min: 1, max: 11 }),
  name: text({ min: 1, max: 32 }),
  name_localizations: maybe(anything),
  description: text({ min: 1, max: 100 }),
  description_localizations: maybe(anything),
  required: maybe(bool),
  choices: maybe(list(choiceBody, { max: 25 })),
  options: maybe(anything),
  channel_types: maybe(list(integer())),
  min_value: maybe(anything),
  max_value: maybe(anything),
  min_length: maybe(integer({ min: 0, max: 6000 })),
  max_length: maybe(integer({ min: 1, max: 6000 })),
  autocomplete: maybe(bool),
});

/** One option; subcommands hold options of their own, groups hold subcommands. */
function option(depth: number): Field<Json> {
  return (value, errors) => {
    const read = optionShape(value, errors);
    if (errors.failed) return {};
    checkName(read.name, errors);
    if (read.choices?.length && read.autocomplete) {
      errors.add(
        'APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_CHOICES_MUTUALLY_EXCLUSIVE',
        'Autocomplete and choices cannot both be set',
      );
    }
    const holder = read.type <= 2;
    if (holder && depth + read.type > 3) {
      errors
        .at('type')
        .add('APPLICATION_COMMAND_OPTIONS_TYPE_INVALID', 'Sub-command option type is invalid here');
    }
    const inside =
      holder && read.options != null
        ? options(depth + 1)(read.options, errors.at('options'))
        : null;
    const given = Object.entries(read).filter(([, one]) => one !== undefined && one !== null);
    return { ...Object.fromEntries(given), ...(inside ? { options: inside } : {}) };
  };
}

function options(depth: number): Field<Json[]> {
  return (value, errors) => {
    const read = list(option(depth), { max: 25 })(value, errors);
    if (errors.failed) return [];
    const firstOptional = read.findIndex((one) => !one.required);
    read.forEach((one, index) => {
      if (read.findIndex((other) => other.name === one.name) < index) {
        errors
          .at(index)
          .add('APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED', 'Option name is already used');
      }
      if (one.required && firstOptional >= 0 && index > firstOptional) {
        errors
          .at(index)
          .add(
            'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
            'Required options must be placed before non-required options',
          );
      }
    });
    return read;
  };
}

function checkName(name: string, errors: FieldErrors): void {
  if (NAME.test(name) && name.toLowerCase() === name) return;
  errors.at('name').add('APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid');
}

const shared = {
  name_localizations: maybe(anything),
  description: maybe(text({ max: 100 })),
  description_localizations: maybe(anything),
  options: maybe(options(0)),
  default_member_permissions: maybe(bits),
  dm_permission: maybe(anything),
  default_permission: maybe(anything),
  integration_types: maybe(list(integer())),
  contexts: maybe(list(integer())),
  nsfw: maybe(bool),
  handler: maybe(anything),
};

const commandShape = object({
  ...shared,
  id: maybe(anything),
  type: maybe(choice(1, 2, 3)),
  name: text({ min: 1, max: 32 }),
});

/** A command's whole body. Slash commands need a description and a lower-case name. */
export const commandBody: Field<ReturnType<typeof commandShape>> = (value, errors) => {
  const read = commandShape(value, errors);
  if (errors.failed) return read;
  const type = read.type ?? CHAT_INPUT;
  if (type === CHAT_INPUT) {
    checkName(read.name, errors);
    if (!read.description) {
      errors.at('description').add('BASE_TYPE_REQUIRED', 'This field is required');
    }
  } else if (read.description) {
    errors
      .at('description')
      .add(
        'APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_CANNOT_BE_SET',
        'Context menu commands cannot have description',
      );
  }
  return read;
};

/** A command's body when only some of it changes. */
export const commandPatch = object({ ...shared, name: optional(text({ min: 1, max: 32 })) });

export const commandList: Field<ReturnType<typeof commandShape>[]> = (value, errors) => {
  const read = list(commandBody, { max: 130 })(value, errors);
  if (errors.failed) return read;
  const seen = new Set<string>();
  read.forEach((one, index) => {
    const key = `${one.type ?? CHAT_INPUT}|${one.name}`;
    if (seen.has(key)) {
      errors
        .at(index)
        .at('name')
        .add('APPLICATION_COMMANDS_DUPLICATE_NAME', 'Application command names must be unique');
    }
    seen.add(key);
  });
  return read;
};

export type CommandBody = ReturnType<typeof commandShape>;
