import type * as Overlays from '../lazy/overlays.ts';
import type * as Service from '../lazy/service.ts';
import type { IconName } from './icons.tsx';
import { LazyFile } from './lazy-file.ts';

/** A question that must be answered before anything else. */
export interface Question {
  title: string;
  hint: string;
  yes: string;
  onYes: () => void;
}

export interface MenuItem {
  /** None for one that is an emoji: those stand beside each other, above the others. */
  icon?: IconName;
  label: string;
  onSelect: () => void;
  /** For one that is switched on and off. */
  checked?: boolean;
  danger?: boolean;
}

/**
 * What lies over the chat or goes with a message, and what stands around a conversation: loaded right after the
 * chat has opened, since nobody needs it to begin.
 */
export class Layers {
  question: Question | undefined;
  /** A menu beside the button that opened it. */
  menu: { anchor: HTMLElement; items: MenuItem[] } | undefined;
  readonly #overlays: LazyFile<typeof Overlays>;
  readonly #service: LazyFile<typeof Service>;
  readonly #tell: () => void;

  constructor(root: ShadowRoot, tell: () => void) {
    this.#tell = tell;
    const onLoad = (file: { adoptStyle(root: ShadowRoot): void }) => {
      file.adoptStyle(root);
      tell();
    };
    this.#overlays = new LazyFile<typeof Overlays>('overlays', onLoad);
    this.#service = new LazyFile<typeof Service>('service', onLoad);
  }

  get overlays(): typeof Overlays | undefined {
    return this.#overlays.value;
  }

  /** Working hours, closing, rating … */
  get service(): typeof Service | undefined {
    return this.#service.value;
  }

  /** What cannot be loaded now is tried again with the next opening or connection, or when it is needed. */
  preload(): void {
    for (const file of [this.#overlays, this.#service]) file.load().catch(() => {});
  }

  /** Rejects where it cannot be loaded. */
  loadService(): Promise<typeof Service> {
    return this.#service.load();
  }

  clear(): void {
    this.question = undefined;
    this.menu = undefined;
  }

  /** Rejects where it cannot be loaded. */
  async ask(question: Question): Promise<void> {
    await this.#overlays.load();
    this.question = question;
    this.#tell();
  }

  /** Rejects where it cannot be loaded. */
  async showMenu(
    anchor: HTMLElement,
    build: (overlays: typeof Overlays) => MenuItem[],
  ): Promise<void> {
    const overlays = await this.#overlays.load();
    this.menu = { anchor, items: build(overlays) };
    this.#tell();
  }
}
