import type { RawFile } from 'discord.js';
import { sizes } from '../../../src/contract/limits.ts';
import { internalLog, type LogId, publicLog } from '../../../src/domain/log/entry.ts';
import { planTranscript, type TranscriptFile } from '../../../src/domain/transcript/files.ts';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { asidePages } from './asides.ts';

/** Two of the largest are below what Discord takes in a request, 25 MiB. */
const TRANSCRIPTS_IN_A_POST = 2;

const toRaw = ({ name, data }: TranscriptFile): RawFile => ({
  name,
  data,
  contentType: 'text/html',
});

/**
 * What was said up to where the mirror has come, notes in files of their own: in how many posts, and the files of each,
 * made when their turn comes. The same again as long as the mirror stands there.
 */
export async function planTranscriptPosts(
  bridge: Bridge,
  mirrored: MirroredTicket,
): Promise<{ count: number; posts: AsyncGenerator<RawFile[]> }> {
  const { ticket, mirror } = mirrored;
  const plan = async (log: LogId, head: number) =>
    planTranscript(bridge.ctx, ticket, { log, head }, sizes.file);
  const plans = [await plan(publicLog(ticket.id), mirror.seq)];
  if (mirror.internal_seq > 0) plans.push(await plan(internalLog(ticket.id), mirror.internal_seq));
  const asides = await asidePages(bridge, mirrored);
  async function* pages() {
    for (const { files } of plans) for await (const file of files()) yield toRaw(file);
    yield* asides;
  }
  async function* posts() {
    let files: RawFile[] = [];
    for await (const file of pages()) {
      files.push(file);
      if (files.length < TRANSCRIPTS_IN_A_POST) continue;
      yield files;
      files = [];
    }
    if (files.length > 0) yield files;
  }
  const files = plans.reduce((sum, { count }) => sum + count, asides.length);
  return { count: Math.ceil(files / TRANSCRIPTS_IN_A_POST), posts: posts() };
}
