import { WebSocket } from 'ws';
import type { Seat } from './jobs.ts';

/** Gets each event as the text of its packet, unparsed: most of them are only looked at. */
export type OnEvent = (packet: string) => void;

/**
 * A Socket.IO client of a hundred lines less: Engine.IO 4 over WebSocket, the default namespace,
 * events and acknowledgements. Ten thousand of them fit into one process.
 */
export class LightSocket {
  readonly #socket: WebSocket;
  readonly #acks = new Map<number, (answer: string) => void>();
  #nextAck = 0;
  #onEvent: OnEvent;

  private constructor(socket: WebSocket, onEvent: OnEvent) {
    this.#socket = socket;
    this.#onEvent = onEvent;
  }

  /** Resolves when the namespace is joined and, where asked for, `authorized` has come. */
  static open(
    target: { port: number; awaitAuthorized: boolean },
    seat: Seat,
    onEvent: OnEvent = () => undefined,
  ): Promise<LightSocket> {
    return new Promise((resolve, reject) => {
      const url = `ws://127.0.0.1:${target.port}/socket.io/?EIO=4&transport=websocket`;
      const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true });
      const light = new LightSocket(socket, onEvent);
      const ready = target.awaitAuthorized ? '42["authorized"' : '40';
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the server closed the socket')));
      socket.on('message', (data: Buffer) => {
        const packet = data.toString();
        if (packet === '2') return socket.send('3');
        if (packet.startsWith('0')) {
          return socket.send(`40${JSON.stringify({ token: seat.token, ticket: seat.ticket })}`);
        }
        if (packet.startsWith('44')) return reject(new Error(packet));
        if (packet.startsWith(ready)) return resolve(light);
        light.#take(packet);
      });
    });
  }

  set onEvent(listener: OnEvent) {
    this.#onEvent = listener;
  }

  /** Emits an event whose argument is given as JSON; the answer is the text of the packet. */
  ask(event: string, argument: string, answer: (packet: string) => void): void {
    const id = this.#nextAck++;
    this.#acks.set(id, answer);
    this.#socket.send(`42${id}["${event}",${argument}]`);
  }

  close(): void {
    this.#socket.removeAllListeners('close').on('error', () => undefined);
    this.#socket.terminate();
  }

  #take(packet: string): void {
    if (packet.startsWith('42')) this.#onEvent(packet);
    if (!packet.startsWith('43')) return;
    const id = Number.parseInt(packet.slice(2, 14), 10);
    const answer = this.#acks.get(id);
    this.#acks.delete(id);
    answer?.(packet);
  }
}

/** Opens a socket for each seat, `burst` at a time. */
export async function openSockets(
  target: { port: number; awaitAuthorized: boolean },
  seats: readonly Seat[],
  burst: number,
): Promise<LightSocket[]> {
  const sockets: LightSocket[] = [];
  let next = 0;
  const work = async () => {
    while (next < seats.length) {
      const index = next++;
      sockets[index] = await LightSocket.open(target, seats[index] as Seat);
    }
  };
  await Promise.all(Array.from({ length: Math.min(burst, seats.length) }, work));
  return sockets;
}
