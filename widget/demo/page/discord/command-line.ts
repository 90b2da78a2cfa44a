import {
  type Choice,
  type Command,
  type CommandOption,
  type GivenOption,
  OptionType,
} from './shapes.ts';

/** A command as it stands in the line: `/close reason:done in:2h`, `/canned send name:hello`. */
export interface CommandLine {
  command: Command;
  /** The part of the command that is meant, for those that have parts. */
  part: CommandOption | undefined;
  /** What may still be given. */
  left: CommandOption[];
  /** The option that is being written, and what stands there already. */
  focus: { option: CommandOption; typed: string } | undefined;
  options: GivenOption[];
}

const partsOf = ({ options = [] }: Command) =>
  options.filter(({ type }) => type === OptionType.part);

function readValue({ type }: CommandOption, text: string): string | number | boolean {
  if (type === OptionType.integer) return Number(text);
  if (type === OptionType.boolean) return /^(true|yes|on|1)$/i.test(text);
  return text.replace(/^<@!?(\d+)>$/, '$1');
}

/** Splits `a:one two b:three`; what stands before any name belongs to the first option. */
function split(text: string, known: readonly CommandOption[]): [CommandOption, string][] {
  const found: [CommandOption, string][] = [];
  const [first] = known;
  for (const word of text.split(/(?<=\s)/)) {
    const named = known.find(({ name }) => word.startsWith(`${name}:`));
    if (named) found.push([named, word.slice(named.name.length + 1)]);
    else if (found.length > 0) (found.at(-1) as [CommandOption, string])[1] += word;
    else if (first && word.trim()) found.push([first, word]);
  }
  return found;
}

/** Undefined where it is no command of these. */
export function readCommandLine(
  text: string,
  commands: readonly Command[],
): CommandLine | undefined {
  const [, name, rest = ''] = /^\/(\S+)(?:\s+([\s\S]*))?$/.exec(text) ?? [];
  const command = commands.find((one) => one.name === name);
  if (!command) return undefined;
  const parts = partsOf(command);
  const [word = '', ...words] = rest.split(/\s+/);
  const part = parts.find((one) => one.name === word);
  const known = (parts.length > 0 ? part?.options : command.options) ?? [];
  const given = split(part ? words.join(' ') : rest, known);
  const last = given.at(-1);
  const own = given.map(([option, typed]) => ({
    type: option.type,
    name: option.name,
    value: readValue(option, typed.trim()),
  }));
  return {
    command,
    part,
    left: known.filter((one) => !given.some(([option]) => option === one)),
    focus: last && { option: last[0], typed: last[1].trimStart() },
    options: part ? [{ type: OptionType.part, name: part.name, options: own }] : own,
  };
}

/** The same with the option in focus marked, as a completion asks for it. */
export function focused({ options, part, focus }: CommandLine): GivenOption[] {
  const mark = (all: readonly GivenOption[]): GivenOption[] =>
    all.map((one) => ({
      ...one,
      ...(one.name === focus?.option.name && { focused: true as const }),
    }));
  if (!part) return mark(options);
  return options.map((one) => ({ ...one, options: mark(one.options ?? []) }));
}

export interface Offer {
  /** What the line becomes when it is taken. */
  text: string;
  label: string;
  hint: string;
}

/** What may come next in the line. @param completed what the bot offers for the option in focus */
export function offersFor(
  text: string,
  commands: readonly Command[],
  completed: readonly Choice[],
): Offer[] {
  if (/^\/\S*$/.test(text)) {
    const begun = commands.filter(({ name }) => `/${name}`.startsWith(text));
    return begun.map(({ name, description }) => ({
      text: `/${name} `,
      label: `/${name}`,
      hint: description,
    }));
  }
  const line = readCommandLine(text, commands);
  if (!line) return [];
  const { command, part, left, focus } = line;
  const parts = partsOf(command);
  if (parts.length > 0 && !part) {
    return parts.map(({ name, description }) => ({
      text: `/${command.name} ${name} `,
      label: name,
      hint: description,
    }));
  }
  const values = focus && (focus.option.choices ?? (focus.option.autocomplete ? completed : []));
  if (
    focus &&
    values &&
    values.length > 0 &&
    !values.some((one) => `${one.value}` === focus.typed.trim())
  ) {
    const before = text.slice(0, text.length - focus.typed.length).trimEnd();
    const stem = before.endsWith(`${focus.option.name}:`)
      ? before
      : `${before} ${focus.option.name}:`;
    return values
      .filter(({ name }) => name.toLowerCase().includes(focus.typed.trim().toLowerCase()))
      .map(({ name, value }) => ({ text: `${stem}${value} `, label: name, hint: '' }));
  }
  return left.map(({ name, description, required }) => ({
    text: `${text.trimEnd()} ${name}:`,
    label: `${name}:`,
    hint: `${description}${required ? '' : ' (optional)'}`,
  }));
}
