import type { RawFile } from 'discord.js';
import { sizes } from '../../src/contract/limits.ts';
import { buildTranscript } from '../../src/domain/transcript/files.ts';
import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { asidePages } from './asides.ts';

/** Two of the largest are below what Discord takes in a request, 25 MiB. */
const TRANSCRIPTS_IN_A_POST = 2;

/**
 * What was said up to where the mirror has come, as files; one list for each post they take. The same
 * again as long as the mirror stands there.
 */
export async function planTranscript(
  bridge: Bridge,
  mirrored: MirroredTicket,
): Promise<RawFile[][]> {
  const { ticket, mirror } = mirrored;
  const files = await buildTranscript(bridge.ctx, ticket, mirror.seq, sizes.file);
  const raw: RawFile[] = files.map(({ name, data }) => ({ name, data, contentType: 'text/html' }));
  raw.push(...(await asidePages(bridge, mirrored)));
  const posts: RawFile[][] = [];
  while (raw.length > 0) posts.push(raw.splice(0, TRANSCRIPTS_IN_A_POST));
  return posts;
}
