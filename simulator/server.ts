import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { CallLog } from './call-log.ts';
import { answerCdn } from './cdn.ts';
import { answerControl } from './control.ts';
import { Faults } from './faults.ts';
import { Gateway } from './gateway/gateway.ts';
import { answerOutside, answerRest } from './http.ts';
import type { Outgoing } from './outgoing.ts';
import { RateLimits } from './rate-limits.ts';
import { allowOrigin, writeJson } from './responses.ts';
import { ROUTES } from './rest/routes.ts';
import { Router } from './router.ts';
import { type Directory, plantOther, plantSeed } from './seed.ts';
import { DISCORD_SETTINGS, type Settings } from './settings.ts';
import type { Simulator } from './simulator.ts';
import { World } from './world.ts';

export interface SimulatorOptions {
  /** 0 lets the system choose. */
  port?: number;
  host?: string;
  /** How many guilds there are, each with the same people in it; 1 when left out, 9 at most. */
  guilds?: number;
  /** Adds to the default seed; runs at the start and at every reset. */
  seed?: (world: World, directory: Directory) => void;
  /** Settings that differ from Discord's; a reset or clearing the faults comes back to these. */
  settings?: Partial<Settings>;
  /** Called with one line for each request that was answered or broken off. */
  log?: (line: string) => void;
}

export interface RunningSimulator {
  /** Where it listens; also the base of the CDN. */
  url: string;
  /** What goes into discord.js as `rest.api`. */
  apiUrl: string;
  gatewayUrl: string;
  /** Ids, names and tokens of the seed. */
  state: Directory;
  settings: Settings;
  /** The live data, for tests in the same process. */
  world: () => World;
  /** The same of every guild, the first one's first. */
  worlds: () => readonly World[];
  reset: () => void;
  close: () => Promise<void>;
}

/** Starts a Discord look-alike: REST, gateway and CDN on one port, with one seeded guild or several. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const { port = 0, host = '127.0.0.1', log = () => {} } = options;
  const server = createServer();
  await listen(server, port, host);
  const address = `${host}:${(server.address() as AddressInfo).port}`;
  const sim = build(`http://${address}`, `ws://${address}`, options);
  const router = new Router(ROUTES);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    response.on('close', () => log(`${request.method} ${request.url} ${response.statusCode}`));
    answer(sim, router, request, response).catch((error: unknown) => {
      console.error('simulator: a request failed', error);
      response.destroy();
    });
  });
  server.on('upgrade', (request, socket, head) => {
    sim.gateway.upgrade(request, socket as Socket, head);
  });
  return {
    url: sim.url,
    apiUrl: `${sim.url}/api`,
    gatewayUrl: sim.gatewayUrl,
    state: sim.directory,
    settings: sim.settings,
    world: () => sim.world,
    worlds: () => sim.worlds,
    reset: () => sim.reset(),
    close: () => close(sim, server),
  };
}

function build(url: string, gatewayUrl: string, options: SimulatorOptions): Simulator {
  const initial = { ...DISCORD_SETTINGS, ...options.settings };
  const settings: Settings = { ...initial };
  const plant = (gateway: Gateway) => {
    const deliver = (events: Outgoing[]) => gateway.dispatch(events);
    const world = new World(settings, url, deliver);
    const directory = plantSeed(world);
    const others = Array.from({ length: (options.guilds ?? 1) - 1 }, (_none, index) => {
      const other = new World(settings, url, deliver, world);
      directory.others.push(plantOther(other, directory, index + 1));
      return other;
    });
    options.seed?.(world, directory);
    return { world, worlds: [world, ...others], directory };
  };
  const gateway = new Gateway(() => sim.worlds, settings, gatewayUrl);
  const sim: Simulator = {
    ...plant(gateway),
    settings,
    gateway,
    faults: new Faults(),
    limits: new RateLimits(settings),
    calls: new CallLog(),
    url,
    gatewayUrl,
    clearFaults() {
      sim.faults.clear();
      sim.gateway.clearFaults();
      Object.assign(settings, initial);
      const { id, token } = sim.directory.bot;
      sim.world.tokens.set(token, id);
    },
    reset() {
      for (const world of sim.worlds) world.end();
      sim.clearFaults();
      sim.limits.clear();
      sim.calls.clear();
      Object.assign(sim, plant(gateway));
      gateway.reset();
    },
  };
  return sim;
}

async function answer(
  sim: Simulator,
  router: Router,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', sim.url);
  if (request.method === 'OPTIONS') return allowOrigin(response);
  if (pathname.startsWith('/api/')) return answerRest(sim, router, request, response);
  if (pathname.startsWith('/__sim/')) return answerControl(sim, request, response);
  if (/^\/(attachments|avatars|embed|icons|emojis|stickers)\//.test(pathname)) {
    return answerOutside(sim, request, response, () => answerCdn(sim, request, response));
  }
  writeJson(response, 404, { message: '404: Not Found', code: 0 });
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function close(sim: Simulator, server: Server): Promise<void> {
  for (const world of sim.worlds) world.end();
  sim.gateway.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
