import { createPolling, createWebSocket, type Transport } from './light-transports.ts';

/**
 * Socket.IO's protocol (revision 5 on Engine.IO 4) as far as this client needs it: text events with
 * acknowledgements in one namespace, one connection without its own reconnection, no binary. The
 * widget is built with it in place of `socket.io-client`, which is a third of its budget (ADR 0016).
 */

type Listener = (...args: never[]) => void;

interface LightOptions {
  auth?: object;
  transports?: ('websocket' | 'polling')[];
  /** Milliseconds until a connection that does not come counts as failed. */
  timeout?: number;
}

interface Handshake {
  sid: string;
  pingInterval: number;
  pingTimeout: number;
}

const packets = { open: '0', close: '1', ping: '2', pong: '3', message: '4' } as const;

export class LightSocket {
  connected = false;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #any = new Set<Listener>();
  readonly #acks = new Map<number, (answer: unknown) => void>();
  readonly #options: LightOptions;
  #transport: Transport | undefined;
  #nextAck = 0;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #patience = 0;
  #ended = false;

  constructor(url: string, options: LightOptions) {
    this.#options = options;
    this.#try(url, [...(options.transports ?? ['websocket', 'polling'])]);
  }

  on(name: string, listener: Listener): this {
    const all = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, all.add(listener));
    return this;
  }

  onAny(listener: Listener): this {
    this.#any.add(listener);
    return this;
  }

  offAny(): this {
    this.#any.clear();
    return this;
  }

  removeAllListeners(): this {
    this.#listeners.clear();
    return this;
  }

  disconnect(): this {
    if (!this.#ended && this.connected) this.#send('1');
    this.#end('io client disconnect');
    return this;
  }

  /** For a call that is given up after `ms`. */
  timeout(ms: number) {
    return {
      emitWithAck: (name: string, data: unknown): Promise<unknown> =>
        new Promise((resolve, reject) => {
          const id = this.#nextAck++;
          const timer = setTimeout(() => {
            this.#acks.delete(id);
            reject(new Error('operation has timed out'));
          }, ms);
          this.#acks.set(id, (answer) => {
            clearTimeout(timer);
            if (answer instanceof Error) reject(answer);
            else resolve(answer);
          });
          this.#send(`2${id}${JSON.stringify([name, data])}`);
        }),
    };
  }

  /** The first transport that opens is used; each has its whole time. */
  #try(url: string, left: ('websocket' | 'polling')[]): void {
    const kind = left.shift();
    if (!kind) {
      this.#end('no transport', new Error('the server cannot be reached'));
      return;
    }
    let isOpen = false;
    let isGone = false;
    const fail = (reason: string) => {
      if (isGone) return;
      isGone = true;
      clearTimeout(timer);
      transport?.close();
      if (this.#ended) return;
      if (isOpen) this.#end(reason);
      else this.#try(url, left);
    };
    const timer = setTimeout(() => fail('timeout'), this.#options.timeout ?? 20_000);
    const onPacket = (packet: string) => {
      if (isGone || this.#ended) return;
      isOpen = true;
      clearTimeout(timer);
      this.#accept(packet);
    };
    const create = kind === 'websocket' ? createWebSocket : createPolling;
    let transport: Transport | undefined;
    // Even what fails at once fails after this returns.
    queueMicrotask(() => {
      if (this.#ended) clearTimeout(timer);
      if (this.#ended) return;
      transport = create(url, onPacket, fail);
      this.#transport = transport;
    });
  }

  #accept(packet: string): void {
    const body = packet.slice(1);
    switch (packet[0]) {
      case packets.open: {
        const { pingInterval, pingTimeout } = JSON.parse(body) as Handshake;
        this.#patience = pingInterval + pingTimeout;
        this.#send(`0${JSON.stringify(this.#options.auth ?? {})}`);
        break;
      }
      case packets.ping:
        this.#transport?.send(packets.pong);
        break;
      case packets.close:
        this.#end('transport close');
        return;
      case packets.message:
        this.#acceptMessage(body);
    }
    this.#listenForSilence();
  }

  /** The server pings; one that does not is gone. */
  #listenForSilence(): void {
    clearTimeout(this.#silence);
    if (this.#ended || this.#patience === 0) return;
    this.#silence = setTimeout(() => this.#end('ping timeout'), this.#patience);
  }

  #acceptMessage(body: string): void {
    const [, type, id, json] = /^(\d)(\d*)(.*)$/s.exec(body) ?? [];
    const data = json ? (JSON.parse(json) as unknown) : undefined;
    if (type === '0') {
      this.connected = true;
      this.#tell('connect', []);
    } else if (type === '1') this.#end('io server disconnect');
    else if (type === '2') {
      const [name, ...args] = data as [string, ...unknown[]];
      this.#tell(name, args);
      for (const listener of [...this.#any])
        (listener as (...all: unknown[]) => void)(name, ...args);
    } else if (type === '3') {
      this.#acks.get(Number(id))?.((data as unknown[])[0]);
      this.#acks.delete(Number(id));
    } else if (type === '4') {
      const { message, data: detail } = data as { message: string; data?: unknown };
      this.#end('refused', Object.assign(new Error(message), { data: detail }));
    }
  }

  #send(message: string): void {
    this.#transport?.send(packets.message + message);
  }

  #tell(name: string, args: unknown[]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      (listener as (...all: unknown[]) => void)(...args);
    }
  }

  #end(reason: string, error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#silence);
    const wasConnected = this.connected;
    this.connected = false;
    this.#transport?.close();
    for (const answer of this.#acks.values()) answer(new Error('socket has been disconnected'));
    this.#acks.clear();
    if (wasConnected) this.#tell('disconnect', [reason]);
    else this.#tell('connect_error', [error ?? new Error(reason)]);
  }
}

/** Takes the place of `io` of `socket.io-client`. */
export function io(url: string, options: LightOptions): LightSocket {
  return new LightSocket(url, options);
}
