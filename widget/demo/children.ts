import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What the simulator says of itself in its line for programs. */
export interface DiscordPlace {
  url: string;
  apiUrl: string;
  gatewayUrl: string;
  guildId: string;
  applicationId: string;
  bot: { token: string };
  roles: Record<'support' | 'developer' | 'manager' | 'admin', string>;
  people: Record<string, { id: string; name: string; token: string }>;
  channels: Record<'normal' | 'urgent' | 'critical' | 'transcripts' | 'errors', string>;
  errorsWebhook: { url: string };
}

export interface Child {
  /** Resolves when it has ended. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

const STOP_MS = 15_000;
const LINES_KEPT = 30;

/** A program of ours: a source where this is one, which `npm run dev` runs, or else compiled. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const programAt = (path: string) =>
  fileURLToPath(new URL(`../../${path}.${extension}`, import.meta.url));

/** Starts a program of ours that does not outlive this process. */
function launch(path: string, env: Record<string, string>) {
  const child = fork(programAt(path), {
    // A group of its own: Ctrl-C comes to the demo alone, which ends its children in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
  });
  let tail: string[] = [];
  const keep = (chunk: Buffer) => {
    tail = [...tail, ...chunk.toString().split('\n').filter(Boolean)].slice(-LINES_KEPT);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return { child, tail: () => tail.join('\n'), ...controlsOf(child) };
}

function controlsOf(child: ChildProcess): Child {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    ended,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Starts the Discord look-alike. */
export async function startDiscord(): Promise<Child & { place: DiscordPlace }> {
  const env = { SIMULATOR_EXIT_WITH_PARENT: '1', SIMULATOR_PORT: '0' };
  const { child, tail, ...controls } = launch('simulator/main', env);
  let said = '';
  const place = await new Promise<DiscordPlace>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const line = /^SIMULATOR (.*)\n/m.exec(said)?.[1];
      if (line) resolve(JSON.parse(line) as DiscordPlace);
    });
    child.once('exit', () => reject(new Error(`the Discord simulator has ended:\n${tail()}`)));
  });
  return { ...controls, place };
}

/** Starts the server with the bot in it; resolves once both are ready. */
export async function startDesk(
  env: Record<string, string>,
  say: (line: string) => void,
  onLog?: (chunk: Buffer) => void,
): Promise<Child & { port: number }> {
  const { child, tail, ...controls } = launch('widget/demo/server-process', env);
  if (onLog) for (const stream of [child.stdout, child.stderr]) stream?.on('data', onLog);
  child.stdout?.on('data', (chunk: Buffer) => {
    if (onLog) return;
    for (const line of progressOf(chunk.toString())) say(line);
  });
  let port = 0;
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message: { listening?: number; ready?: true }) => {
      port = message.listening ?? port;
      if (message.ready) resolve();
    });
    child.once('exit', () => reject(new Error(`the server has ended:\n${tail()}`)));
  });
  return { ...controls, port };
}

/** What the server's log says of the embedded MongoDB: the one part of the start that takes time. */
function progressOf(lines: string): string[] {
  return lines.split('\n').flatMap((line) => {
    if (!/mongo/i.test(line)) return [];
    try {
      const { msg, level } = JSON.parse(line) as { msg?: string; level?: number };
      return level === 30 && msg ? [msg] : [];
    } catch {
      return [];
    }
  });
}
