import type { IncomingMessage } from 'node:http';

/** How much of a body nobody wants is read on, in bytes, and for how long, in milliseconds. */
export const discardLimits = { bytes: 32 * 1024 * 1024, ms: 15_000 };

/** True while bytes of the request's body are still to come. */
export function hasUnreadBody(req: IncomingMessage): boolean {
  if (req.complete) return false;
  const { 'content-length': length, 'transfer-encoding': encoding } = req.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}

/**
 * Lingering close: reads on and forgets what comes, because a connection that is closed while its
 * peer writes is reset, and the peer never reads why it was refused. A peer that goes on for too
 * long is cut.
 * @param done called once, when the body has ended or the connection has
 */
export function discardBody(req: IncomingMessage, done?: () => void): void {
  const { socket } = req;
  let left = discardLimits.bytes;
  const cut = () => void socket.destroy();
  const timer = setTimeout(cut, discardLimits.ms).unref();
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) cut();
  });
  req.on('error', () => undefined);
  req.once('end', () => clearTimeout(timer));
  req.once('close', () => {
    clearTimeout(timer);
    done?.();
  });
  req.resume();
}
