import { WebSocket } from 'ws';

const op = { dispatch: 0, heartbeat: 1, identify: 2, hello: 10 } as const;
/** GUILDS, GUILD_MESSAGES, MESSAGE_CONTENT. */
const intents = (1 << 0) | (1 << 9) | (1 << 15);

/**
 * Hears every post in the guild, as its payload's text: a gateway session beside that of the bot under
 * measurement, so that what is timed is the post being there, not what the bot knows of it.
 */
export function listenAtGateway(
  { url, token }: { url: string; token: string },
  onPost: (payload: string) => void,
  fail: (error: Error) => void,
): Promise<{ close(): void }> {
  const socket = new WebSocket(`${url}/?v=10&encoding=json`);
  let heartbeats: NodeJS.Timeout | undefined;
  const say = (code: number, d: unknown) => socket.send(JSON.stringify({ op: code, d }));
  const close = () => {
    clearInterval(heartbeats);
    socket.removeAllListeners('close').terminate();
  };
  return new Promise((resolve) => {
    socket.on('error', fail);
    socket.on('close', (code) => fail(new Error(`the gateway closed with ${code}`)));
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text.includes('"MESSAGE_CREATE"')) return onPost(text);
      const payload = JSON.parse(text) as { op: number; t?: string; d: never };
      if (payload.op === op.hello) {
        const { heartbeat_interval } = payload.d as { heartbeat_interval: number };
        heartbeats = setInterval(() => say(op.heartbeat, null), heartbeat_interval);
        const properties = { os: 'linux', browser: 'bench', device: 'bench' };
        say(op.identify, { token, intents, properties });
      }
      if (payload.t === 'READY') resolve({ close });
    });
  });
}
