import { io, type Socket } from 'socket.io-client';
import type {
  Ack,
  AuthorizeAck,
  ClientEventAcks,
  ClientEventInput,
  ClientEventName,
  ServerEvents,
} from '../src/contract/events.ts';
import { retryDelay } from './backoff.ts';
import type { Clock } from './clock.ts';
import { answerError, DeskError, toDeskError } from './errors.ts';
import type { Tokens } from './tokens.ts';

export interface ConnectionState {
  /** `online`: authorised, events flow. `offline`: the next try comes at `retryAt`. */
  state: 'closed' | 'connecting' | 'online' | 'offline';
  reason?: string;
  /** Milliseconds since 1970. */
  retryAt?: number;
}

export type ServerEventName = keyof ServerEvents;
export type ServerEventData<N extends ServerEventName> = Parameters<ServerEvents[N]>[0];

export interface ConnectionOptions {
  url: string;
  tokens: Tokens;
  transports: ('websocket' | 'polling')[];
  timeout: number;
  clock: Clock;
  random: () => number;
  onOnline(ack: AuthorizeAck): void;
  onEvent(name: ServerEventName, data: never): void;
  onState(state: ConnectionState): void;
  onAuthRequired(error: DeskError): void;
  onError(error: DeskError): void;
}

/** After a refused fresh token the tries go on, but seldom. */
const FAILURES_WHEN_REFUSED = 8;
const RENEWAL_PAUSE_MS = 3000;
const CHECK_TIMEOUT_MS = 4000;

/**
 * One authorised socket at a time, for as long as it is wanted. Each try is a new socket, so that
 * nothing of an old one is heard; what was missed in between is the caller's to ask for.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: Socket | undefined;
  #state: ConnectionState = { state: 'closed' };
  #failures = 0;
  /** The token the socket was opened or renewed with. */
  #token = '';
  #refusals = 0;
  #expiring = false;
  #renewing: Socket | undefined;
  #checking: Socket | undefined;
  #endPause: () => void = () => {};
  /** The server has said when to come back. */
  #comeBackIn: number | undefined;
  #cancelTimer: () => void = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get online(): boolean {
    return this.#state.state === 'online';
  }

  /** Connects, at once where it was waiting for the next try. */
  open(): void {
    const { state } = this.#state;
    if (state === 'closed' || state === 'offline') void this.#try();
  }

  close(): void {
    this.#drop();
    this.#set({ state: 'closed' });
  }

  /**
   * After a sleep a socket may be dead and not know it: authorises again, which also says how far
   * every ticket has come. One that does not answer soon is replaced at once.
   */
  async check(): Promise<void> {
    const socket = this.#socket;
    if (!socket || !this.online || this.#checking === socket) return;
    this.#checking = socket;
    try {
      const { tokens, timeout } = this.#options;
      const token = await tokens.get();
      const patience = Math.min(timeout, CHECK_TIMEOUT_MS);
      const asked = socket.timeout(patience).emitWithAck('authorize', { token });
      const ack: Ack<'authorize'> = await asked;
      if (socket !== this.#socket) return;
      // One that may not be asked so often is alive.
      if (!ack.ok) return;
      this.#token = token;
      this.#options.onOnline(ack);
    } catch {
      if (socket !== this.#socket) return;
      this.#lose('no answer');
      this.open();
    } finally {
      if (this.#checking === socket) this.#checking = undefined;
    }
  }

  /** Asks over the socket. @throws DeskError of the server's code, TIMEOUT or NETWORK */
  async ask<N extends ClientEventName>(
    event: N,
    input: ClientEventInput<N>,
  ): Promise<ClientEventAcks[N]> {
    const socket = this.#socket;
    if (!socket?.connected || !this.online) throw new DeskError('NETWORK', 'not connected');
    let ack: Ack<N>;
    try {
      ack = await socket.timeout(this.#options.timeout).emitWithAck(event, input);
    } catch (thrown) {
      const lost = socket !== this.#socket || !socket.connected;
      // A server that answers nothing for so long is not there any more.
      if (!lost) this.#lose('no answer');
      throw lost
        ? toDeskError(thrown)
        : new DeskError('TIMEOUT', 'the server did not answer in time');
    }
    if (!ack.ok) throw answerError(ack);
    return ack;
  }

  async #try(): Promise<void> {
    this.#drop();
    this.#set({ state: 'connecting' });
    const { url, tokens, transports, timeout, clock } = this.#options;
    const state = this.#state;
    let token: string;
    try {
      token = await tokens.get();
    } catch (thrown) {
      this.#options.onError(toDeskError(thrown, 'TOKEN'));
      if (this.#state === state) this.#lose('no token');
      return;
    }
    if (this.#state !== state) return;
    const options = { transports, timeout, tryAllTransports: true, auth: { token } };
    const socket = io(url, { ...options, forceNew: true, reconnection: false });
    this.#socket = socket;
    this.#token = token;
    this.#listen(socket);
    this.#cancelTimer = clock.after(timeout * 2, () => this.#lose('no answer'));
  }

  #listen(socket: Socket): void {
    socket.on('connect_error', (error: Error & { data?: { error?: string } }) => {
      if (error.data?.error === 'UNAUTHORIZED') this.#refuse(error.message);
      else this.#lose(error.message);
    });
    socket.on('disconnect', (reason) => this.#lose(reason));
    socket.on('authorized', (ack: AuthorizeAck) => this.#welcome(ack));
    socket.on('auth_expiring', () => {
      this.#expiring = true;
      void this.#renew(socket);
    });
    socket.on('server_restarting', ({ retry_in }: { retry_in: number }) => {
      this.#comeBackIn = retry_in;
    });
    socket.on('error', (error: { error?: string; message?: string }) => {
      if (error.error === 'UNAUTHORIZED') this.#options.tokens.drop(this.#token);
    });
    socket.onAny((name: string, data: unknown) =>
      this.#options.onEvent(name as ServerEventName, data as never),
    );
  }

  #welcome(ack: AuthorizeAck): void {
    // It also comes after a renewal, on a socket that has missed nothing.
    if (this.online) return;
    this.#cancelTimer();
    this.#failures = 0;
    this.#refusals = 0;
    this.#set({ state: 'online' });
    this.#options.onOnline(ack);
  }

  /** Another token on the same socket, so that no event is missed; until the server cuts it. */
  async #renew(socket: Socket): Promise<void> {
    if (this.#renewing === socket) return;
    this.#renewing = socket;
    const { clock, random } = this.#options;
    for (let failures = 1; socket === this.#socket; failures++) {
      const problem = await this.#authorizeAgain(socket);
      // A token that is about to expire itself must not be replaced in a tight loop.
      const delay = problem ? retryDelay(failures, random, problem) : 0;
      await new Promise<void>((resolve) => {
        const cancel = clock.after(Math.max(RENEWAL_PAUSE_MS, delay), resolve);
        this.#endPause = () => {
          cancel();
          resolve();
        };
      });
      if (!problem && !this.#expiring) break;
    }
    if (this.#renewing === socket) this.#renewing = undefined;
  }

  async #authorizeAgain(socket: Socket): Promise<DeskError | undefined> {
    const { tokens, timeout, onError } = this.#options;
    this.#expiring = false;
    tokens.drop(this.#token);
    try {
      const token = await tokens.get();
      const asked = socket.timeout(timeout).emitWithAck('authorize', { token });
      const ack: Ack<'authorize'> = await asked;
      if (!ack.ok) throw answerError(ack);
      this.#token = token;
      return undefined;
    } catch (thrown) {
      const problem = toDeskError(thrown, 'TOKEN');
      if (socket === this.#socket) onError(problem);
      return problem;
    }
  }

  /** A refused token is replaced once; a refused new one is the site's to solve. */
  #refuse(message: string): void {
    this.#options.tokens.drop(this.#token);
    this.#refusals++;
    if (this.#refusals === 1) return void this.#try();
    if (this.#refusals === 2) {
      this.#options.onAuthRequired(new DeskError('UNAUTHORIZED', message));
    }
    this.#failures = Math.max(this.#failures, FAILURES_WHEN_REFUSED);
    this.#lose('the token was refused');
  }

  /** The socket is gone, or as good as: waits and tries again. */
  #lose(reason: string): void {
    const { clock, random } = this.#options;
    this.#drop();
    this.#failures++;
    const asked = this.#comeBackIn;
    this.#comeBackIn = undefined;
    const delay = asked ?? retryDelay(this.#failures, random, {} as DeskError);
    this.#set({ state: 'offline', reason, retryAt: clock.now() + delay });
    this.#cancelTimer = clock.after(delay, () => void this.#try());
  }

  #drop(): void {
    this.#cancelTimer();
    this.#socket?.removeAllListeners();
    this.#socket?.offAny();
    this.#socket?.disconnect();
    this.#socket = undefined;
    this.#endPause();
  }

  #set(state: ConnectionState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
