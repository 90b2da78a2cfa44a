import { startSimulator } from './server.ts';

const PARENT_CHECK_MS = 1000;

/** Starts the simulator alone and says where it is, for people and on one line for programs. */
async function main(): Promise<void> {
  const port = Number(process.env.SIMULATOR_PORT ?? 0);
  const host = process.env.SIMULATOR_HOST ?? '127.0.0.1';
  const factor = Number(process.env.SIMULATOR_RATE_LIMIT_FACTOR ?? 1);
  const guilds = Number(process.env.SIMULATOR_GUILDS ?? 1);
  const { url, apiUrl, gatewayUrl, state, close } = await startSimulator({
    port,
    host,
    guilds,
    settings: { rateLimitFactor: factor },
    ...(process.env.SIMULATOR_LOG === '1' ? { log: (line: string) => console.error(line) } : {}),
  });
  const stop = () => {
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const parent = Number(process.env.SIMULATOR_EXIT_WITH_PARENT ?? 0);
  if (parent > 0) watchParent(parent, stop);

  const lines = [
    `Discord simulator at ${url}`,
    `  API      ${apiUrl}   (discord.js: rest.api)`,
    `  gateway  ${gatewayUrl}`,
    `  guild    ${state.guildId}`,
    ...state.others.map(({ guildId }) => `  guild    ${guildId}`),
    ...list('channel', state.channels),
    ...list('role', state.roles),
    `  bot      ${state.bot.token}`,
    ...Object.values(state.people).map((p) => `  person   ${p.name.padEnd(12)} ${p.token}`),
    `  webhook  ${state.errorsWebhook.url}`,
    `SIMULATOR ${JSON.stringify({ url, apiUrl, gatewayUrl, ...state })}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function list(kind: string, ids: Record<string, string>): string[] {
  return Object.entries(ids).map(([name, id]) => `  ${kind.padEnd(8)} ${name.padEnd(12)} ${id}`);
}

/** Stops when a process is gone: the parent for 1, else the one with that id. */
function watchParent(wanted: number, stop: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    const orphaned = wanted === 1 ? process.ppid !== parent : !isAlive(wanted);
    if (orphaned) stop();
  }, PARENT_CHECK_MS).unref();
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

await main();
