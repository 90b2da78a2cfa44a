import type { IncomingMessage } from 'node:http';
import { sizes } from '../contract/limits.ts';
import { AppError, invalidField } from '../errors.ts';
import type { RequestContext } from './request-context.ts';

/** Requests with `Expect: 100-continue`, until their body is asked for. */
const awaitingContinue = new WeakSet<IncomingMessage>();

/** Notes that the client sends its body only once it is told to. */
export function awaitContinue(req: IncomingMessage): void {
  awaitingContinue.add(req);
}

/** Asks a client that waits for it to send its body: called when nothing else stands against it. */
export function openBody({ req, res }: RequestContext): void {
  if (awaitingContinue.delete(req)) res.writeContinue();
}

/** True where the client was never asked to send its body. It may or may not: nobody can tell. */
export function refusesContinue(req: IncomingMessage): boolean {
  return awaitingContinue.has(req);
}

const tooLarge = () =>
  new AppError('PAYLOAD_TOO_LARGE', `the body may have at most ${sizes.body} bytes`);

function readBytes(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= sizes.body) return chunks.push(chunk);
      req.off('data', onData);
      reject(tooLarge());
    };
    req.on('data', onData);
    req.on('end', () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
    );
    const cutOff = () => reject(new AppError('BAD_REQUEST', 'the request was cut off'));
    req.on('error', cutOff);
    req.on('close', () => {
      // Every request closes; an error, with its stack, is made only for one that was cut off.
      if (!req.complete) cutOff();
    });
  });
}

const decoder = new TextDecoder('utf-8', { fatal: true });

const malformed = (message: string) => invalidField('body', message, 'invalid_json');

/**
 * Reads a JSON body; a missing one is an empty object.
 * @throws AppError PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST
 */
export async function readJson(request: RequestContext): Promise<unknown> {
  const { req } = request;
  const { 'content-length': length, 'content-type': type = '' } = req.headers;
  if (length !== undefined && Number(length) > sizes.body) throw tooLarge();
  if (length === '0' || (length === undefined && req.headers['transfer-encoding'] === undefined)) {
    return {};
  }
  if (!/^application\/(?:[\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'the body must be application/json');
  }
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', `content encoding "${encoding}" is not supported`);
  }
  openBody(request);
  const bytes = await readBytes(req);
  if (bytes.length === 0) return {};
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw malformed('is not UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('is not valid JSON');
  }
}
