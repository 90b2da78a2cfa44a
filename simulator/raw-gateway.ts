import { WebSocket } from 'ws';

/** One payload as it came. */
export interface Payload {
  op: number;
  t: string | null;
  s: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: the payload of any event.
  d: any;
}

interface Wanted {
  op?: number;
  t?: string;
}

const PATIENCE_MS = 5000;

/** A gateway client that says only what it is told to, for tests of misbehaviour and of resuming. */
export class RawGateway {
  readonly payloads: Payload[] = [];
  closedWith: number | undefined;
  private readonly socket: WebSocket;
  private readonly changed = new Set<() => void>();

  constructor(url: string, query = '?v=10&encoding=json') {
    this.socket = new WebSocket(`${url}/${query}`);
    this.socket.on('message', (raw) => {
      this.payloads.push(JSON.parse(String(raw)));
      this.wake();
    });
    this.socket.on('close', (code) => {
      this.closedWith = code;
      this.wake();
    });
    this.socket.on('error', () => {});
  }

  say(op: number, d: unknown): void {
    this.socket.send(JSON.stringify({ op, d }));
  }

  sayRaw(text: string): void {
    this.socket.send(text);
  }

  /** The first payload of this kind, once it is there. */
  hear(wanted: Wanted): Promise<Payload> {
    const { op = 0, t } = wanted;
    return this.until(JSON.stringify(wanted), () =>
      this.payloads.find((p) => p.op === op && (t === undefined || p.t === t)),
    );
  }

  /** The code the connection was closed with, once it is. */
  closing(): Promise<number> {
    return this.until('the end of the connection', () => this.closedWith);
  }

  /** Names of the events so far. */
  names(): (string | null)[] {
    return this.payloads.filter((p) => p.op === 0).map((p) => p.t);
  }

  close(code = 4000): void {
    this.socket.close(code);
  }

  terminate(): void {
    this.socket.terminate();
  }

  private wake(): void {
    for (const look of [...this.changed]) look();
  }

  private until<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.changed.delete(look);
        reject(new Error(`The gateway did not show ${what}`));
      }, PATIENCE_MS);
      const look = () => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(timer);
        this.changed.delete(look);
        resolve(found);
      };
      this.changed.add(look);
      look();
    });
  }
}
