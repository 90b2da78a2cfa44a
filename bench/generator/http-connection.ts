import { connect, type Socket } from 'node:net';

const headEnd = Buffer.from('\r\n\r\n');

type Reply = (status: number, body: Buffer) => void;

/**
 * One keep-alive HTTP/1.1 connection, one request at a time, as cheap as a client can be: requests
 * are written as text, and of an answer only the status and the length are read.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #reply: Reply | undefined;

  constructor(port: number, onBroken: (error: Error) => void) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', onBroken);
    this.#socket.on('close', () => onBroken(new Error('the server closed the connection')));
  }

  get busy(): boolean {
    return this.#reply !== undefined;
  }

  send(request: string, reply: Reply): void {
    this.#reply = reply;
    this.#socket.write(request, 'latin1');
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy();
  }

  #take(chunk: Buffer): void {
    const all = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = all.indexOf(headEnd);
    const head = end < 0 ? '' : all.toString('latin1', 0, end);
    const length = /content-length: *(\d+)/i.exec(head)?.[1];
    const total = end + 4 + Number(length ?? 0);
    if (end < 0 || all.length < total) {
      this.#received = all;
      return;
    }
    this.#received = all.subarray(total);
    const reply = this.#reply;
    this.#reply = undefined;
    reply?.(Number(head.slice(9, 12)), all.subarray(end + 4, total));
  }
}

/** The text of a request; `body` must be ASCII. */
export function writeRequest(method: string, path: string, token: string, body?: string): string {
  const head = `${method} ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\n`;
  if (body === undefined) return `${head}\r\n`;
  return `${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
