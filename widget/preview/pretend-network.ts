import { type Fields, type PretendServer, visitor } from './pretend-server.ts';
import { answerVerb, pretendAvailability } from './pretend-verbs.ts';

const handshake = { sid: 'preview', upgrades: [], pingInterval: 3_600_000, pingTimeout: 3_600_000 };

/** A WebSocket whose other end is this page: Engine.IO's and Socket.IO's packets, as far as the chat needs them. */
function createSocketClass(server: PretendServer) {
  return class PretendSocket {
    readyState = 1;
    onmessage: ((event: { data: string }) => void) | null = null;
    onclose: (() => void) | null = null;
    onerror: (() => void) | null = null;

    constructor() {
      this.#say(`0${JSON.stringify(handshake)}`);
    }

    send(packet: string): void {
      const [, type, id, json] = /^4(\d)(\d*)(.*)$/s.exec(packet) ?? [];
      if (type === '0') {
        server.tell = (event, data) => this.#say(`42${JSON.stringify([event, data])}`);
        this.#say('40{"sid":"preview"}');
        server.tell('authorized', { user: visitor, cursors: server.cursors });
      } else if (type === '2') {
        const [event, fields] = JSON.parse(json ?? '[]') as [string, Fields];
        const answer =
          event === 'authorize'
            ? { user: visitor, cursors: server.cursors }
            : server.act(event, fields);
        this.#say(`43${id}${JSON.stringify([{ ok: true, ...answer }])}`);
      }
    }

    close(): void {
      this.readyState = 3;
    }

    /** Nothing arrives in the turn that asked for it. */
    #say(data: string): void {
      setTimeout(() => {
        if (this.readyState === 1) this.onmessage?.({ data });
      });
    }
  };
}

const json = (body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), {
    headers: { 'content-type': 'application/json', ...headers },
  });

function answerRest(server: PretendServer, path: string, { method, body }: RequestInit): Response {
  const [, , id = '', what] = path.split('/');
  const kept = server.find(id);
  if (body instanceof FormData) return json(server.keepFile(body.get('file') as File));
  if (path === '/tickets') {
    return json(method === 'POST' ? server.create(JSON.parse(String(body))) : server.tickets);
  }
  if (path === '/availability') return json(pretendAvailability());
  if (!kept) return new Response('{"error":"NOT_FOUND","message":"not found"}', { status: 404 });
  if (!what) return json(kept.ticket);
  const asked = { method: method ?? 'GET', what, body: JSON.parse(String(body ?? '{}')) };
  const changed = answerVerb(server, kept, asked);
  if (changed) return json(changed);
  const shown = kept.messages.filter(({ deleted }) => !deleted);
  return json(shown, { 'deskcord-head': String(kept.ticket.last_seq) });
}

/** A storage that ends with the page. */
function createStorage(): Storage {
  const values = new Map<string, string>();
  return {
    get length() {
      return values.size;
    },
    clear: () => values.clear(),
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, String(value)),
    removeItem: (key) => void values.delete(key),
  };
}

/** From here on the page talks to nobody but itself, and keeps nothing. */
export function pretendNetwork(server: PretendServer): void {
  const { fetch } = window;
  const answer: typeof fetch = async (input, init = {}) => {
    const { pathname } = new URL(String(input), location.href);
    const [, path] = /^\/api\/v1(\/.*)$/.exec(pathname) ?? [];
    return path ? answerRest(server, path, init) : fetch(input, init);
  };
  const replaced: PropertyDescriptorMap = {
    fetch: { value: answer },
    WebSocket: { value: createSocketClass(server) },
    // Uploads then go through fetch.
    XMLHttpRequest: { value: undefined },
    localStorage: { value: createStorage() },
    sessionStorage: { value: createStorage() },
  };
  for (const [name, { value }] of Object.entries(replaced)) {
    Object.defineProperty(window, name, { value, configurable: true });
  }
}

/** A token nobody has signed: only the chat in this page reads it. */
export function pretendToken(): string {
  const encode = (part: object) => btoa(JSON.stringify(part)).replaceAll('=', '');
  return `${encode({ alg: 'none' })}.${encode(visitor)}.preview`;
}
