import type { MessageView } from '../../../src/contract/messages.ts';
import type { ChatEnvironment } from '../shared/options.ts';
import { shared } from './keeper.ts';
import { plainText } from './markup.tsx';
import type { Session } from './session.ts';
import { markTitle } from './title.ts';

/** How somebody who is elsewhere wants to be called. */
export interface Settings {
  sound: boolean;
  notify: boolean;
}

export interface NewsOptions {
  environment: ChatEnvironment;
  getSession(): Session | undefined;
  /** The person looks at the chat right now. */
  isWatched(): boolean;
  /** Somebody has said something. */
  onSaid(name: string, text: string): void;
  /** The person wants to see what a call was about. */
  onOpen(): void;
}

/** What has come and nobody has looked at: counted, and called out as far as the person allows. */
export class News {
  readonly #options: NewsOptions;
  #ownSettings: Settings = { sound: false, notify: false };
  #lastCount = -1;

  constructor(options: NewsOptions) {
    this.#options = options;
  }

  get settings(): Settings {
    return this.#options.getSession()?.kept.get<Settings>('settings') ?? this.#ownSettings;
  }

  async change(change: Partial<Settings>): Promise<void> {
    if (change.notify && 'Notification' in window) {
      if ((await Notification.requestPermission()) !== 'granted') change.notify = false;
    }
    this.#options.getSession()?.kept.set('settings', { ...this.settings, ...change });
  }

  /** Says how much is unread, where that has changed. */
  count(): void {
    const { environment, getSession } = this.#options;
    const count = getSession()?.states.unread ?? 0;
    if (count === this.#lastCount) return;
    this.#lastCount = count;
    markTitle(count);
    environment.onUnread(count);
    environment.emit('unread', { count });
  }

  receive(message: MessageView): void {
    const { getSession, isWatched, onSaid, onOpen } = this.#options;
    const { author_name: name, files, ticket_id } = message;
    const text = plainText(message.content) || files.map((file) => file.name).join(', ');
    const session = getSession();
    onSaid(name, text);
    const watched = isWatched() && session?.current?.id === ticket_id;
    this.#call(message, text, watched, () => {
      onOpen();
      session?.show(ticket_id);
    });
  }

  end(): void {
    markTitle(0);
  }

  #call(message: MessageView, text: string, watched: boolean, onClick: () => void): void {
    const { sound, notify } = this.settings;
    if (!sound && !notify) return;
    void import('./attention.js' as string)
      .then((lazy: typeof import('../lazy/attention.ts')) => {
        if (sound) void lazy.sound(message.id, shared, watched);
        if (notify) lazy.notifyDesktop(message.author_name, text, message.ticket_id, onClick);
      })
      .catch(() => {});
  }
}
