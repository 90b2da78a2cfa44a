import type { IncomingMessage } from 'node:http';
import { sizes } from '../contract/limits.ts';
import { AppError } from '../errors.ts';

const tooLarge = () =>
  new AppError('PAYLOAD_TOO_LARGE', `the body may have at most ${sizes.body} bytes`, {
    // What is left of the body is not read; the connection cannot be used again.
    headers: { Connection: 'close' },
  });

function readBytes(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= sizes.body) return chunks.push(chunk);
      req.removeAllListeners('data').resume();
      reject(tooLarge());
    });
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

function malformed(message: string): AppError {
  return new AppError('BAD_REQUEST', 'Invalid form of body', {
    errors: [{ location: 'body', message, type: 'invalid_json', in: 'body' }],
  });
}

/**
 * Reads a JSON body; a missing one is an empty object.
 * @throws AppError PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST
 */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  const { 'content-length': length, 'content-type': type = '' } = req.headers;
  if (length !== undefined && Number(length) > sizes.body) throw tooLarge();
  if (length === '0' || (length === undefined && req.headers['transfer-encoding'] === undefined)) {
    return {};
  }
  if (!/^application\/(?:[\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'the body must be application/json');
  }
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', `content encoding "${encoding}" is not supported`);
  }
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
