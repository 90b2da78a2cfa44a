import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { DiscordConfig } from '../../src/config.ts';
import { AttachmentUnavailable } from '../rest/discord-errors.ts';

const TIMEOUT_MS = 60_000;

/** Where Discord keeps attachments, by its documentation. */
const fileHosts = new Set(['cdn.discordapp.com', 'media.discordapp.net']);

/** What a link leads to is not there any more. */
export class LinkExpired extends Error {}

/** A link that leads somewhere else than to Discord's files. */
export class ForeignLink extends Error {}

/** The link, where it leads to Discord's file servers or to the API that is configured in its place. */
function trusted({ apiUrl, cdnUrl }: Pick<DiscordConfig, 'apiUrl' | 'cdnUrl'>, link: string): URL {
  const url = URL.parse(link);
  const configured = [apiUrl, cdnUrl].map((address) => URL.parse(address)?.origin);
  const isDiscord = url?.protocol === 'https:' && fileHosts.has(url.host);
  if (url && (isDiscord || configured.includes(url.origin))) return url;
  throw new ForeignLink('the link leads away from Discord');
}

/** The bytes of an answer, which may break off: that is not MongoDB's fault, whose storing them is. */
async function* bytesOf(body: ReadableStream) {
  try {
    yield* Readable.fromWeb(body);
  } catch (error) {
    throw new AttachmentUnavailable('Discord breaks off a file', error);
  }
}

/**
 * Fetches a file from Discord, from its own hosts only and without following redirects: what is
 * fetched lands in a customer's ticket.
 * @throws LinkExpired, ForeignLink, AttachmentUnavailable (it may be had in a moment)
 */
export async function download(discord: DiscordConfig, link: string): Promise<Readable> {
  const url = trusted(discord, link);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(url, { signal, redirect: 'manual' }).catch((error: unknown) => {
    throw new AttachmentUnavailable('Discord gives no file', error);
  });
  if (answer.ok && answer.body) return Readable.from(bytesOf(answer.body as ReadableStream));
  void answer.body?.cancel().catch(() => undefined);
  if (answer.status >= 300 && answer.status < 400) throw new ForeignLink('a redirect');
  if ([403, 404, 410].includes(answer.status)) {
    throw new LinkExpired(`Discord answers ${answer.status}`);
  }
  throw new AttachmentUnavailable(`Discord answers ${answer.status} for a file`);
}
