import type { Places, StaffMember } from '../places.ts';
import { type Command, ComponentType, type GivenOption, type Message } from './shapes.ts';

const TRIES = 4;

interface ApiProblem {
  message?: string;
  retry_after?: number;
}

/** Discord's REST API as the client of one person calls it. */
export class DiscordApi {
  readonly #discord: Places['discord'];
  readonly #token: string;

  constructor(discord: Places['discord'], { token }: StaffMember) {
    this.#discord = discord;
    this.#token = token;
  }

  listMessages(channelId: string): Promise<Message[]> {
    return this.#call('GET', `/channels/${channelId}/messages?limit=100`);
  }

  async listCommands(): Promise<Command[]> {
    const path = `/guilds/${this.#discord.guildId}/application-command-index`;
    const index = await this.#call<{ application_commands: Command[] }>('GET', path);
    return index.application_commands;
  }

  send(
    channelId: string,
    content: string,
    files: readonly File[],
    answered?: Message,
  ): Promise<Message> {
    const path = `/channels/${channelId}/messages`;
    const message = {
      content,
      ...(answered && { message_reference: { message_id: answered.id } }),
    };
    if (files.length === 0) return this.#call('POST', path, message);
    const form = new FormData();
    form.set('payload_json', JSON.stringify(message));
    for (const [n, file] of files.entries()) form.set(`files[${n}]`, file, file.name);
    return this.#call('POST', path, form);
  }

  edit({ channel_id, id }: Message, content: string): Promise<Message> {
    return this.#call('PATCH', `/channels/${channel_id}/messages/${id}`, { content });
  }

  remove({ channel_id, id }: Message): Promise<void> {
    return this.#call('DELETE', `/channels/${channel_id}/messages/${id}`);
  }

  react({ channel_id, id }: Message, emoji: string, add: boolean): Promise<void> {
    const path = `/channels/${channel_id}/messages/${id}/reactions`;
    return this.#call(add ? 'PUT' : 'DELETE', `${path}/${encodeURIComponent(emoji)}/@me`);
  }

  typing(channelId: string): Promise<void> {
    return this.#call('POST', `/channels/${channelId}/typing`);
  }

  runCommand(channelId: string, command: Command, options: GivenOption[]): Promise<void> {
    return this.#interact(2, channelId, { id: command.id, name: command.name, type: 1, options });
  }

  /** Asks what may be given for the option in focus; it comes over the gateway. */
  complete(channelId: string, command: Command, options: GivenOption[]): Promise<void> {
    return this.#interact(4, channelId, { id: command.id, name: command.name, type: 1, options });
  }

  press({ channel_id, id }: Message, customId: string): Promise<void> {
    const data = { component_type: ComponentType.button, custom_id: customId };
    return this.#interact(3, channel_id, data, id);
  }

  choose({ channel_id, id }: Message, customId: string, value: string): Promise<void> {
    const data = { component_type: ComponentType.menu, custom_id: customId, values: [value] };
    return this.#interact(3, channel_id, data, id);
  }

  submit(
    channelId: string,
    modal: { id: string; custom_id: string },
    values: Record<string, string>,
  ): Promise<void> {
    const components = Object.entries(values).map(([custom_id, value]) => ({
      type: 1,
      components: [{ type: 4, custom_id, value }],
    }));
    return this.#interact(5, channelId, { id: modal.id, custom_id: modal.custom_id, components });
  }

  #interact(type: number, channel_id: string, data: object, message_id?: string): Promise<void> {
    const { applicationId: application_id, guildId: guild_id } = this.#discord;
    const place = { application_id, guild_id, channel_id, ...(message_id && { message_id }) };
    const nonce = String(Date.now());
    return this.#call('POST', '/interactions', { type, ...place, data, nonce, session_id: 'demo' });
  }

  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    const isForm = body instanceof FormData;
    const headers: Record<string, string> = { authorization: this.#token };
    if (body && !isForm) headers['content-type'] = 'application/json';
    const request: RequestInit = { method, headers };
    if (body) request.body = isForm ? body : JSON.stringify(body);
    for (let tries = 1; ; tries++) {
      const answer = await fetch(`${this.#discord.apiUrl}/v10${path}`, request);
      const text = await answer.text();
      const said = (text ? JSON.parse(text) : undefined) as ApiProblem | undefined;
      if (answer.ok) return said as T;
      if (answer.status !== 429 || tries === TRIES) {
        throw new Error(said?.message ?? `Discord answered ${answer.status}`);
      }
      const wait = (said?.retry_after ?? 1) * 1000;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
