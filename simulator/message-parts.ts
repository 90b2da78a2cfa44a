import { type Json, type Message, MessageFlag } from './entities.ts';
import { invalidField, refused } from './errors.ts';
import type { Content } from './message-draft.ts';
import type { Upload } from './uploads.ts';
import { messageComponents } from './validation/components.ts';
import { validate } from './validation/fields.ts';

const SETTABLE_FLAGS =
  MessageFlag.suppressEmbeds |
  MessageFlag.suppressNotifications |
  MessageFlag.voiceMessage |
  MessageFlag.componentsV2;

/** The flags a new message may ask for. */
export function createdFlags(wanted: number): number {
  return wanted & SETTABLE_FLAGS;
}

/** A message's components, checked. */
export function readComponents(given: unknown, flags: number): Json[] {
  if (given === undefined || given === null) return [];
  const v2 = (flags & MessageFlag.componentsV2) !== 0;
  const wrapped = (value: unknown) => ({ components: value });
  return validate(
    (value, errors) => messageComponents(v2)(value, errors.at('components')),
    wrapped(given).components,
  );
}

/** Refuses what says nothing. `holds` counts its files, stickers and the like. */
export function checkSubstance(
  flags: number,
  content: string,
  body: Content,
  components: Json[],
  holds: number,
): void {
  if ((flags & MessageFlag.componentsV2) !== 0) {
    for (const key of ['content', 'embeds', 'sticker_ids', 'poll'] as const) {
      const value = key === 'content' ? content : body[key];
      if (!value || (Array.isArray(value) && value.length === 0)) continue;
      throw invalidField(
        [key],
        'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
        `The '${key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`,
      );
    }
  }
  if (content !== '' || components.length > 0 || holds > 0 || body.embeds?.length) return;
  throw refused(50006, 'Cannot send an empty message');
}

/** The flags after an edit: only previews may be hidden and shown again. */
export function editedFlags(before: number, wanted: number): number {
  if ((before & MessageFlag.componentsV2) !== 0 && (wanted & MessageFlag.componentsV2) === 0) {
    throw invalidField(
      ['flags'],
      'MESSAGE_FLAGS_CANNOT_REMOVE_COMPONENTS_V2',
      'MessageFlags.IS_COMPONENTS_V2 cannot be removed once set',
    );
  }
  const settable = MessageFlag.suppressEmbeds | MessageFlag.componentsV2;
  return (before & ~settable) | (wanted & settable);
}

/** A voice message is one audio file with its length and waveform, and nothing else. */
export function checkVoice(flags: number, content: string, body: Content, files: Upload[]): void {
  if ((flags & MessageFlag.voiceMessage) === 0) return;
  const stickers = Array.isArray(body.sticker_ids) && body.sticker_ids.length > 0;
  if (content !== '' || body.embeds?.length || body.poll || stickers) {
    throw refused(50159, 'Voice messages do not support additional content.');
  }
  const [file, second] = files;
  if (!file || second || !isAudio(file)) {
    throw refused(50160, 'Voice messages must have a single audio attachment.');
  }
  const described = body.attachments?.find((one) => one.id === String(file.index));
  if (typeof described?.duration_secs === 'number' && typeof described.waveform === 'string')
    return;
  throw refused(50161, 'Voice messages must have supporting metadata.');
}

/** A voice message stays without words, and a poll as it was asked. */
export function checkEditable(message: Message, content: string): void {
  if (message.poll && content !== message.content) {
    throw refused(520003, 'Cannot edit a poll message');
  }
  if ((message.flags & MessageFlag.voiceMessage) === 0 || content === '') return;
  throw refused(50162, 'Voice messages cannot be edited.');
}

function isAudio({ contentType, filename }: Upload): boolean {
  return contentType.startsWith('audio/') || /\.(ogg|mp3|m4a|wav|flac)$/i.test(filename);
}
