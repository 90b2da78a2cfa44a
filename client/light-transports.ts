/** How packets of Engine.IO travel. */
export interface Transport {
  send(packet: string): void;
  close(): void;
}

type OnPacket = (packet: string) => void;
type OnGone = (reason: string) => void;

/** The part of a browser's WebSocket that is used. */
interface WebSocketLike {
  readyState: number;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(): void;
}

const addressOf = (url: string, transport: string, more = '') =>
  `${url.replace(/\/+$/, '')}/socket.io/?EIO=4&transport=${transport}${more}`;

export function createWebSocket(url: string, onPacket: OnPacket, onGone: OnGone): Transport {
  const { WebSocket } = globalThis as unknown as { WebSocket?: new (url: string) => WebSocketLike };
  let socket: WebSocketLike;
  try {
    if (!WebSocket) throw new Error('there is no WebSocket');
    socket = new WebSocket(addressOf(url.replace(/^http/, 'ws'), 'websocket'));
  } catch {
    onGone('websocket error');
    return { send: () => {}, close: () => {} };
  }
  socket.onmessage = ({ data }) => onPacket(String(data));
  socket.onclose = () => onGone('transport close');
  socket.onerror = () => onGone('transport error');
  return {
    send: (packet) => {
      if (socket.readyState === 1) socket.send(packet);
    },
    close: () => socket.close(),
  };
}

/** Several packets of one body. */
const SEPARATOR = '\x1e';

/** Long polling, where something in between lets no WebSocket through. */
export function createPolling(url: string, onPacket: OnPacket, onGone: OnGone): Transport {
  const abort = new AbortController();
  let session = '';
  let waiting: string[] = [];
  let isSending = false;
  const { signal } = abort;
  const call = async (init: RequestInit = {}) => {
    const answer = await fetch(addressOf(url, 'polling', session), { ...init, signal });
    if (!answer.ok) throw new Error(`the answer was ${answer.status}`);
    return answer.text();
  };
  const gone = () => {
    if (!signal.aborted) onGone('transport error');
  };
  const flush = async () => {
    if (isSending || !session) return;
    isSending = true;
    try {
      while (waiting.length > 0) {
        const body = waiting.join(SEPARATOR);
        waiting = [];
        await call({ method: 'POST', body });
      }
    } catch {
      gone();
    }
    isSending = false;
  };
  const listen = async () => {
    try {
      while (!signal.aborted) {
        for (const packet of (await call()).split(SEPARATOR)) {
          if (packet[0] === '0') {
            session = `&sid=${(JSON.parse(packet.slice(1)) as { sid: string }).sid}`;
          }
          if (!signal.aborted) onPacket(packet);
        }
      }
    } catch {
      gone();
    }
  };
  void listen();
  return {
    send(packet) {
      waiting.push(packet);
      // Whatever is said in one turn goes in one request.
      queueMicrotask(() => void flush());
    },
    close: () => abort.abort(),
  };
}
