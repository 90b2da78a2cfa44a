import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';
import type { Log } from '../infra/log.ts';
import type { EngineConnection } from './engine.ts';
import { addressKey, WindowCounter } from './window-counter.ts';

/** Of one address, in a minute: sessions begun. */
const HANDSHAKES_PER_ADDRESS = 3000;
/** Of one address, at once: connections that have not authorised. */
const STRANGERS_PER_ADDRESS = 1000;

export interface PlacesOptions {
  maxConnections: number;
  maxConnectionsPerUser: number;
  /** Multiplies what an address may do. */
  rateLimitFactor: number;
  /** How many connections there are. */
  countConnections(): number;
  addressOf(req: IncomingMessage): string;
  log: Log;
}

interface Place {
  address: string;
  user?: string;
}

/**
 * Admission control: who may have how many connections of this process. Before it has authorised a
 * connection counts for its address, afterwards for its user alone, because many people share an
 * address.
 */
export class Places {
  readonly #options: PlacesOptions;
  readonly #handshakes: WindowCounter;
  readonly #strangers = new Map<string, number>();
  readonly #users = new Map<string, number>();
  readonly #places = new WeakMap<EngineConnection, Place>();
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(options: PlacesOptions) {
    this.#options = options;
    this.#handshakes = new WindowCounter(HANDSHAKES_PER_ADDRESS * options.rateLimitFactor);
  }

  /** Before a connection is made. @throws AppError SERVICE_UNAVAILABLE, RATELIMIT */
  admit(req: IncomingMessage): void {
    const { maxConnections, countConnections, addressOf, rateLimitFactor } = this.#options;
    const address = addressKey(addressOf(req));
    const strangers = this.#strangers.get(address) ?? 0;
    const tooMany =
      !this.#handshakes.take(address) || strangers >= STRANGERS_PER_ADDRESS * rateLimitFactor;
    if (tooMany) {
      this.#warn(address, req);
      throw new AppError('RATELIMIT', 'too many connections are opened from this address', {
        retryAfter: 10,
      });
    }
    if (countConnections() >= maxConnections) {
      throw new AppError('SERVICE_UNAVAILABLE', 'this server has as many connections as it may', {
        retryAfter: 10,
      });
    }
  }

  open(connection: EngineConnection, req: IncomingMessage): void {
    const address = addressKey(this.#options.addressOf(req));
    this.#places.set(connection, { address });
    add(this.#strangers, address, 1);
  }

  /** When a connection has closed, once. */
  leave(connection: EngineConnection): void {
    const place = this.#places.get(connection);
    if (!place) return;
    if (place.user === undefined) add(this.#strangers, place.address, -1);
    else add(this.#users, place.user, -1);
  }

  /** Gives a connection to a user; there is no moment at which they have more. @throws AppError RATELIMIT */
  claim(connection: EngineConnection, user: string): void {
    const place = this.#places.get(connection);
    if (!place || place.user === user || connection.readyState === 'closed') return;
    const { maxConnectionsPerUser } = this.#options;
    if ((this.#users.get(user) ?? 0) >= maxConnectionsPerUser) {
      throw new AppError('RATELIMIT', `one user may have ${maxConnectionsPerUser} sockets`, {
        retryAfter: 60,
      });
    }
    if (place.user === undefined) add(this.#strangers, place.address, -1);
    else add(this.#users, place.user, -1);
    place.user = user;
    add(this.#users, user, 1);
  }

  /** Whom what a connection does counts for: its user, or before there is one its address. */
  ownerOf(connection: EngineConnection): string {
    const place = this.#places.get(connection);
    return place?.user === undefined ? `address ${place?.address}` : `user ${place.user}`;
  }

  /** An operator who has forgotten TRUSTED_PROXIES finds everybody behind one address. */
  #warn(address: string, req: IncomingMessage): void {
    if (performance.now() - this.#warnedAt < 60_000) return;
    this.#warnedAt = performance.now();
    const proxied = req.headers['x-forwarded-for'] !== undefined;
    const hint = proxied ? '; if that is a proxy of yours, name it in TRUSTED_PROXIES' : '';
    this.#options.log.warn(
      { address },
      `refused connections of an address that opens too many${hint}`,
    );
  }
}

function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
