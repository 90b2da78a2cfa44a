import { isHexId } from '../contract/ids.ts';
import type { DomainEvent } from './events.ts';
import type { Stream } from './log/entry.ts';

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string';
const isId = (value: unknown): boolean => isText(value) && isHexId(value);

function isAuthor(value: unknown): boolean {
  return isFields(value) && ['key', 'id', 'name', 'role'].every((name) => isText(value[name]));
}

/** A ticket as this version has it: of what an older one tells, the reconciliation poll tells again. */
function isTicket(value: unknown): boolean {
  if (!isFields(value) || !isId(value.id)) return false;
  const { owner, status, clock, files } = value;
  return isText(owner) && isText(status) && isFields(clock) && Array.isArray(files);
}

/** What the entry of a log and the first entry of a changed message have in common. */
function isStep({ id, seq, at, author }: Fields): boolean {
  return isId(id) && isCount(seq) && isCount(at) && isAuthor(author);
}

/** What a reaction adds to what each change of a message carries. */
function isReaction({ reaction, reactions = [] }: Fields): boolean {
  if (!isFields(reaction) || !isText(reaction.emoji) || typeof reaction.set !== 'boolean')
    return false;
  return (
    Array.isArray(reactions) && reactions.every((one) => isFields(one) && isAuthor(one.author))
  );
}

function isEntry(value: unknown, stream: Stream): boolean {
  if (!isFields(value) || !isStep(value) || value.stream !== stream) return false;
  const { ticket_id, owner, type, of, ticket, changes, content, files = [] } = value;
  if (!isId(ticket_id) || !isText(owner)) return false;
  if (type === 'ticket_change') return isTicket(ticket) && isFields(changes);
  if (type !== 'message' && !(isFields(of) && isStep(of))) return false;
  if (type === 'react' && !isReaction(value)) return false;
  return isText(content) && Array.isArray(files) && files.every(isFields);
}

/**
 * True for what may travel on the bus. What comes from another process is checked before anybody here
 * acts on it: that process may be of another version, or no process of ours at all.
 */
export function isHint(value: unknown): value is DomainEvent {
  if (!isFields(value)) return false;
  switch (value.kind) {
    case 'entry':
      return isEntry(value.entry, 'public');
    case 'internal_entry':
      return isEntry(value.entry, 'internal');
    case 'ticket_created':
      return isTicket(value.ticket);
    case 'typing':
    case 'read':
      return (
        isId(value.ticket_id) &&
        isText(value.owner) &&
        isAuthor(value.by) &&
        (value.kind === 'typing' || isCount(value.seq))
      );
    case 'delivered':
      return isId(value.ticket_id) && isText(value.owner) && isCount(value.seq);
    case 'ticket_closing':
      return (
        isId(value.ticket_id) &&
        isText(value.owner) &&
        isAuthor(value.by) &&
        (value.due_at === null || isCount(value.due_at)) &&
        typeof value.silent === 'boolean'
      );
    case 'presence_asked':
      return isId(value.ticket_id) && isText(value.owner);
    case 'presence':
      return isId(value.ticket_id) && isText(value.owner) && typeof value.here === 'boolean';
    case 'setting_changed':
      return isText(value.name);
    default:
      return false;
  }
}
