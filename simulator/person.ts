import { WebSocket } from 'ws';
import type { Json } from './entities.ts';
import type { Directory } from './seed.ts';

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API answered.
  body: any;
  headers: Headers;
}

/** One event a person's client was told. */
export interface Heard {
  t: string;
  // biome-ignore lint/suspicious/noExplicitAny: the payload of any event.
  d: any;
}

/** A person's gateway session. */
export interface Ear {
  events: Heard[];
  /** Payloads of the events with this name, oldest first. */
  // biome-ignore lint/suspicious/noExplicitAny: the payload of any event.
  of: (name: string) => any[];
  close: () => void;
}

interface Sim {
  apiUrl: string;
  gatewayUrl: string;
  state: Pick<Directory, 'applicationId' | 'guildId' | 'people' | 'bot'>;
}

type Files = Record<string, string | Uint8Array<ArrayBuffer>>;

interface Place {
  channel_id: string;
  id: string;
}

/** One of the seeded people, by the name of the seed. */
export function personOf(sim: Sim, name: keyof Directory['people']): Person {
  return new Person(sim, sim.state.people[name].token);
}

/** The bot's own token without a library around it. */
export function botOf(sim: Sim): Person {
  return new Person(sim, `Bot ${sim.state.bot.token}`);
}

/** Acts as a person, or as a bot when the token says so, through the routes Discord's own clients use. */
export class Person {
  private readonly sim: Sim;
  private readonly token: string;

  constructor(sim: Sim, token: string) {
    this.sim = sim;
    this.token = token;
  }

  /** Any call; `path` starts after the version. A FormData body goes out as multipart. */
  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const form = body instanceof FormData;
    const json = body !== undefined && !form;
    const response = await fetch(`${this.sim.apiUrl}/v10${path}`, {
      method,
      headers: {
        authorization: this.token,
        ...(json ? { 'content-type': 'application/json' } : {}),
      },
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? undefined : JSON.parse(text),
      headers: response.headers,
    };
  }

  send(channelId: string, message: string | Json): Promise<Answer> {
    const body = typeof message === 'string' ? { content: message } : message;
    return this.call('POST', `/channels/${channelId}/messages`, body);
  }

  /** Sends files by name and content, with a message if one is given. */
  upload(channelId: string, files: Files, message: Json = {}): Promise<Answer> {
    return this.call('POST', `/channels/${channelId}/messages`, formOf(message, files));
  }

  edit(message: Place, change: string | Json): Promise<Answer> {
    const body = typeof change === 'string' ? { content: change } : change;
    return this.call('PATCH', `/channels/${message.channel_id}/messages/${message.id}`, body);
  }

  delete(message: Place): Promise<Answer> {
    return this.call('DELETE', `/channels/${message.channel_id}/messages/${message.id}`);
  }

  react(message: Place, emoji: string): Promise<Answer> {
    const path = `/channels/${message.channel_id}/messages/${message.id}/reactions`;
    return this.call('PUT', `${path}/${encodeURIComponent(emoji)}/@me`);
  }

  /** Runs a slash command. `options` are Discord's: `{ type, name, value }`. */
  command(channelId: string, name: string, options: Json[] = [], type = 2): Promise<Answer> {
    return this.interact(type, channelId, { name, type: 1, options });
  }

  /** Asks for the choices of the option that has `focused`. */
  complete(channelId: string, name: string, options: Json[]): Promise<Answer> {
    return this.command(channelId, name, options, 4);
  }

  press(message: Place, customId: string): Promise<Answer> {
    const data = { component_type: 2, custom_id: customId };
    return this.interact(3, message.channel_id, data, message.id);
  }

  /** Chooses in a select menu: of text options, or of users (5), roles (6), both (7) or channels (8). */
  choose(message: Place, customId: string, values: string[], type = 3): Promise<Answer> {
    const data = { component_type: type, custom_id: customId, values };
    return this.interact(3, message.channel_id, data, message.id);
  }

  /** Submits the modal with this id; texts, or what was chosen in selects, by the inputs' ids. */
  submit(
    channelId: string,
    customId: string,
    inputs: Record<string, string | string[]>,
  ): Promise<Answer> {
    const components = Object.entries(inputs).map(([custom_id, given]) => ({
      type: 1,
      components: [
        Array.isArray(given)
          ? { type: 3, custom_id, values: given }
          : { type: 4, custom_id, value: given },
      ],
    }));
    return this.interact(5, channelId, { custom_id: customId, components });
  }

  /** Opens a gateway session; resolves once READY has come. */
  listen(): Promise<Ear> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`${this.sim.gatewayUrl}/?v=10&encoding=json`);
      const events: Heard[] = [];
      const of = (name: string) => events.filter((e) => e.t === name).map((e) => e.d);
      let seq: number | null = null;
      let beat: NodeJS.Timeout | undefined;
      socket.on('message', (raw) => {
        const { op, t, s, d } = JSON.parse(String(raw));
        seq = s ?? seq;
        if (op === 10) {
          const pulse = () => socket.send(JSON.stringify({ op: 1, d: seq }));
          beat = setInterval(pulse, d.heartbeat_interval);
          const identity = { token: this.token, properties: {}, intents: 0 };
          socket.send(JSON.stringify({ op: 2, d: identity }));
        }
        if (op !== 0) return;
        events.push({ t, d });
        if (t === 'READY') resolve({ events, of, close: () => socket.close() });
      });
      socket.on('close', (code) => {
        clearInterval(beat);
        reject(new Error(`The gateway closed with ${code}`));
      });
      socket.on('error', reject);
    });
  }

  private interact(
    type: number,
    channelId: string,
    data: Json,
    messageId?: string,
  ): Promise<Answer> {
    return this.call('POST', '/interactions', {
      type,
      application_id: this.sim.state.applicationId,
      guild_id: this.sim.state.guildId,
      channel_id: channelId,
      data,
      ...(messageId === undefined ? {} : { message_id: messageId }),
      nonce: String(Date.now()),
      session_id: 'a'.repeat(32),
    });
  }
}

function formOf(message: Json, files: Files): FormData {
  const form = new FormData();
  form.set('payload_json', JSON.stringify(message));
  Object.entries(files).forEach(([name, content], n) => {
    form.set(`files[${n}]`, new Blob([content]), name);
  });
  return form;
}
