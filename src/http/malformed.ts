import type { Duplex } from 'node:stream';
import type { ErrorBody, ErrorCode } from '../contract/errors.ts';
import { errorStatus } from '../contract/errors.ts';
import { nextRequestId } from './request-context.ts';

/** How long a peer may take to read why it is refused, in milliseconds. */
const LINGER_MS = 1000;

const reasons: Record<string, { code: ErrorCode; phrase: string; message: string }> = {
  HPE_HEADER_OVERFLOW: {
    code: 'HEADERS_TOO_LARGE',
    phrase: 'Request Header Fields Too Large',
    message: 'the headers are too large',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: 'REQUEST_TIMEOUT',
    phrase: 'Request Timeout',
    message: 'the request took too long',
  },
};
const notHttp = {
  code: 'BAD_REQUEST',
  phrase: 'Bad Request',
  message: 'the request is not HTTP',
} as const;

/** Connections that have been refused and are only kept until that has been read. */
const refused = new WeakSet<Duplex>();

/**
 * Answers what Node's parser refuses before there is a request: the same body, the same headers. The
 * connection is destroyed soon after, whatever the peer does: one that is only half closed is kept
 * open by a peer that does not close.
 */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (refused.has(socket)) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  refused.add(socket);
  const { code, phrase, message } = reasons[error.code ?? ''] ?? notHttp;
  const text = JSON.stringify({ error: code, message } satisfies ErrorBody);
  const lines = [
    `HTTP/1.1 ${errorStatus[code]} ${phrase}`,
    `X-Request-Id: ${nextRequestId()}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${text.length}`,
    'Connection: close',
  ];
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}
