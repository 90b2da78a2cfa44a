const RETRY_MS = 1500;

export interface GatewayOptions {
  url: string;
  token: string;
  /** Told of READY too: whatever was known before it may be out of date. */
  onEvent(name: string, data: unknown): void;
  onConnected(connected: boolean): void;
}

interface Payload {
  op: number;
  t: string | null;
  s: number | null;
  d: unknown;
}

/** A person's gateway session: identifies, beats, and begins anew whenever it is cut off. */
export class Gateway {
  readonly #options: GatewayOptions;
  #socket: WebSocket | undefined;
  #seq: number | null = null;
  #pulse: ReturnType<typeof setInterval> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#open();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#pulse);
    this.#socket?.close(1000);
  }

  #open(): void {
    const socket = new WebSocket(`${this.#options.url}/?v=10&encoding=json`);
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data))));
    socket.addEventListener('close', () => {
      clearInterval(this.#pulse);
      if (this.#closed) return;
      this.#options.onConnected(false);
      this.#retry = setTimeout(() => this.#open(), RETRY_MS);
    });
  }

  #receive({ op, t, s, d }: Payload): void {
    this.#seq = s ?? this.#seq;
    if (op === 10) this.#begin((d as { heartbeat_interval: number }).heartbeat_interval);
    else if (op === 7 || op === 9) this.#socket?.close(4000);
    else if (op === 0 && t && !this.#closed) {
      if (t === 'READY') this.#options.onConnected(true);
      this.#options.onEvent(t, d);
    }
  }

  #begin(interval: number): void {
    this.#seq = null;
    this.#pulse = setInterval(() => this.#say({ op: 1, d: this.#seq }), interval);
    const { token } = this.#options;
    this.#say({ op: 2, d: { token, properties: { browser: 'Deskcord demo' } } });
  }

  #say(payload: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(payload));
  }
}
