import { expect, test } from '@jest/globals';
import { SnowflakeUtil } from 'discord.js';
import type { Bridge } from '../../bot/bridge.ts';
import {
  findTranscripts,
  wantedBesides,
} from '../../bot/outbound/transcripts/transcript-search.ts';
import type { ErasureRow, MirrorRow } from '../../src/domain/mirror/deleted.ts';
import { nothingMirrored } from '../../src/domain/mirror/mirrors.ts';

const ENDED = Date.UTC(2026, 4, 1);
const TICKET = '0123456789abcdef01234567';
const idAt = (ms: number) => String(SnowflakeUtil.generate({ timestamp: ms }));
const CHANNEL = idAt(ENDED - 1000);

const mirror = (change: Partial<MirrorRow> = {}): MirrorRow =>
  ({ ...nothingMirrored(), ...change }) as never;
const ended = (...times: number[]): ErasureRow => ({ ticket: { ended: times } }) as never;

/** A Discord whose channel has so many posts behind the end, of which the last is a transcript's. */
function bridgeOf(posts: number, channelId: string | undefined = CHANNEL) {
  const all = Array.from({ length: posts }, (_, nth) => ({
    id: String(BigInt(idAt(ENDED)) + BigInt(nth)),
    author: { id: 'bot' },
    content: '',
    embeds: nth === posts - 1 ? [{ footer: { text: `Ticket ${TICKET}` } }] : [],
  }));
  const get = (_route: string, { query }: { query: URLSearchParams }) => {
    const after = BigInt(query.get('after') as string);
    return Promise.resolve(all.filter(({ id }) => BigInt(id) > after).slice(0, 100));
  };
  const settings = { transcriptChannelId: channelId };
  return { rest: { get }, settings, client: { user: { id: 'bot' } } } as unknown as Bridge;
}
const find = (bridge: Bridge, row = mirror()) =>
  findTranscripts(bridge, TICKET, row, { since: ENDED, atLeast: 1 });

test('among 2,000 posts a transcript is found; what lies further back is told, not passed over', async () => {
  expect(await find(bridgeOf(1999))).toEqual({
    places: [expect.stringMatching(`^${CHANNEL}/`)],
    why: undefined,
  });
  expect(await find(bridgeOf(2001))).toMatchObject({
    places: [],
    why: expect.stringContaining('more than 2000 posts'),
  });
});

test('a channel that is younger than the ticket’s end is not known to be the one', async () => {
  const young = idAt(ENDED + 1000);
  const why = 'the channel of its transcripts is not known';
  const places = [expect.stringMatching(`^${young}/`)];
  expect(await find(bridgeOf(1, young))).toEqual({ places, why });
  const named = mirror({ transcripts: [`${CHANNEL}/1`] });
  expect(await find(bridgeOf(1, young), named)).toMatchObject({ why: undefined });
  expect(await find({ ...bridgeOf(1), settings: {} } as never)).toMatchObject({
    places: [],
    why: expect.stringContaining(why),
  });
});

test('is looked for where the mirror does not name all there are, from the first end on', () => {
  const told = { steps: ['transcript-told@5'] };
  expect(wantedBesides(mirror(told), ended(ENDED))).toBeUndefined();
  const posted = { steps: ['transcript@5 0', 'transcript@5 1', 'transcript@5'] };
  expect(wantedBesides(mirror(posted), ended(ENDED))).toEqual({ since: ENDED, atLeast: 2 });
  const named = { ...posted, transcripts: [`${CHANNEL}/1`] };
  expect(wantedBesides(mirror(named), ended(ENDED))).toBeUndefined();
  expect(wantedBesides(mirror(named), ended(ENDED, 2 * ENDED))).toEqual({
    since: ENDED,
    atLeast: 0,
  });
  const reopened = { steps: ['reopened'] };
  expect(wantedBesides(mirror(reopened), ended(ENDED))).toEqual({ since: ENDED, atLeast: 1 });
  const lost = { attempt: { key: `transcript@5 0 ${TICKET}`, at: 7 } };
  expect(wantedBesides(mirror(lost), ended())).toEqual({ since: 7, atLeast: 0 });
});
