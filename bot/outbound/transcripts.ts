import type { RawFile } from 'discord.js';
import { sizes } from '../../src/contract/limits.ts';
import { planTranscript, type TranscriptFile } from '../../src/domain/transcript/files.ts';
import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { asidePages } from './asides.ts';

/** Two of the largest are below what Discord takes in a request, 25 MiB. */
const TRANSCRIPTS_IN_A_POST = 2;

const toRaw = ({ name, data }: TranscriptFile): RawFile => ({
  name,
  data,
  contentType: 'text/html',
});

/**
 * What was said up to where the mirror has come, as files: in how many posts, and the files of each,
 * made when their turn comes. The same again as long as the mirror stands there.
 */
export async function planTranscriptPosts(
  bridge: Bridge,
  mirrored: MirroredTicket,
): Promise<{ count: number; posts: AsyncGenerator<RawFile[]> }> {
  const { ticket, mirror } = mirrored;
  const plan = await planTranscript(bridge.ctx, ticket, mirror.seq, sizes.file);
  const asides = await asidePages(bridge, mirrored);
  async function* pages() {
    for await (const file of plan.files()) yield toRaw(file);
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
  return { count: Math.ceil((plan.count + asides.length) / TRANSCRIPTS_IN_A_POST), posts: posts() };
}
