import type { Json } from './entities.ts';
import type { Upload } from './uploads.ts';

/** The texts of a call's body, by where they stand. */
export interface BodyText {
  /** Text of the message, of an interaction's answer too. */
  content: string[];
  /** Every text of its embeds. */
  embed: string[];
  /** Names of the files it brings. */
  file: string[];
  /** Every text at any depth, file names included. */
  body: string[];
}

/** Finds the texts in a body. Interaction answers carry their message under `data`. */
export function bodyTextOf(json: unknown, files: Upload[]): BodyText {
  const outer = asObject(json);
  const messages = [outer, asObject(outer.data)];
  const listed = messages.flatMap((one) => (Array.isArray(one.attachments) ? one.attachments : []));
  const named = listed.flatMap((one) => asObject(one).filename ?? []).map(String);
  const file = [...files.map((one) => one.filename), ...named];
  return {
    content: messages.flatMap((one) => (typeof one.content === 'string' ? one.content : [])),
    embed: messages.flatMap((one) => [...stringsIn(one.embeds), ...stringsIn(one.embed)]),
    file,
    body: [...stringsIn(json), ...file],
  };
}

/** Every string inside a JSON value, at any depth. */
export function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}
