import type { Bridge } from '../../bridge.ts';
import { MAX_CONTENT, systemLine } from '../../format.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import type { Posted } from '../../own-posts.ts';
import type { Outgoing, Persona } from '../../posting.ts';
import type { Refusal } from '../../rest/call-ends.ts';
import { type Try, tryRenditions } from '../posts/attempts.ts';
import { breakLinks, type Rendition } from '../posts/renditions.ts';
import { quoteOf } from '../posts/replies.ts';
import type { Part, Said } from '../posts/speech-parts.ts';
import { leavePersona, personaOf } from './personas.ts';

/** What Discord has of a part, and in which rendition. */
export interface Done {
  value: Posted | undefined;
  rendition: Rendition;
}

/** A part as a webhook says it. */
export async function bareContent(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  part: number,
  { bare, files }: Pick<Part, 'bare' | 'files'>,
): Promise<string> {
  const quote = part === 0 ? await quoteOf(bridge, ticket, said) : '';
  const whole = quote.length + bare.length <= MAX_CONTENT ? quote + bare : bare;
  return whole.trim() === '' && files.length === 0 ? systemLine('(no text)') : whole;
}

const packed = (text: string) => text.replace(/\s+/g, '');

/**
 * Tells a webhook's post of these words, in whichever rendition, below a quote, or above a line of what was
 * left out; white space is Discord's to change.
 */
export function saysSo(bare: string): Outgoing['isIt'] {
  const variants = [packed(bare), packed(breakLinks(bare))];
  return ({ content, attachments }) => {
    const there = packed(content);
    if (there.includes('*(Discorddoesnottake')) return true;
    if (packed(bare) === '') return attachments.length > 0 || there.includes('(notext)');
    return variants.some((one) => there.endsWith(one) || there.startsWith(`${one}-#Notshownhere`));
  };
}

const ofText: readonly Refusal[] = ['content', 'files'];

/**
 * Posts a part in its author's name.
 * @param asThem delivers it through a webhook
 * @returns nothing where the bot has to do it: there is no webhook, or it refuses, which staff are told
 */
export async function postAsCustomer(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  part: number,
  whole: Part,
  asThem: (persona: Persona) => Try<Posted | undefined>,
): Promise<Done | undefined> {
  const persona = await personaOf(bridge, ticket, { name: said.speech.name, id: said.authorId });
  if (!persona) return undefined;
  const deliverOne = asThem(persona);
  let left: Parameters<typeof leavePersona>[2] | undefined;
  const attempt: Try<Posted | undefined> = async (one) => {
    const outcome = await deliverOne(one);
    if (outcome.end !== 'refused' || ofText.includes(outcome.cause)) return outcome;
    // Not the text is at fault: there is no use in another one.
    left = outcome;
    return { end: 'gone', what: 'webhook', error: outcome.error };
  };
  const content = await bareContent(bridge, ticket, said, part, whole);
  const original: Rendition = { name: '', content, files: whole.files };
  const tried = await tryRenditions(bridge, ticket, said, original, attempt, '');
  const { outcome } = tried;
  if (outcome.end === 'done') return { value: outcome.value, rendition: tried.rendition };
  bridge.log.debug({ hook: persona.hook.id }, 'a webhook did not take a post');
  if (outcome.end === 'gone' && outcome.what !== 'webhook') return undefined;
  await leavePersona(bridge, ticket, left ?? outcome);
  return undefined;
}
