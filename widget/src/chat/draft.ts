import type { LocalFile } from '../../../client/outbox-item.ts';
import type { BlobStore } from '../../../client/storage.ts';
import type { Keeper } from './keeper.ts';

/** What somebody has written and not sent. */
export interface DraftState {
  text: string;
  files: LocalFile[];
  /** An own message that is being changed. */
  edit?: { id: string; text: string; before: string } | undefined;
  /** The id of the message that will be answered. */
  reply?: string | undefined;
}

export const isEmpty = ({ text, files, edit, reply }: DraftState) =>
  !text && files.length === 0 && !edit && !reply;

/** Stored with every key, so that a page that ends loses nothing. */
export class Draft {
  readonly #kept: Keeper;
  readonly #blobs: BlobStore;
  readonly #name: string;
  #state: DraftState;

  constructor(kept: Keeper, blobs: BlobStore, id: string) {
    this.#kept = kept;
    this.#blobs = blobs;
    this.#name = `draft/${id}`;
    this.#state = kept.get<DraftState>(this.#name) ?? { text: '', files: [] };
  }

  get state(): Readonly<DraftState> {
    return this.#state;
  }

  /** Another tab has changed it. */
  reload(): void {
    this.#state = this.#kept.get<DraftState>(this.#name) ?? { text: '', files: [] };
  }

  change(change: Partial<DraftState>): void {
    this.#state = { ...this.#state, ...change };
    if (!this.#state.edit) delete this.#state.edit;
    this.#kept.set(this.#name, isEmpty(this.#state) ? undefined : this.#state);
  }

  async addFile(file: File): Promise<void> {
    const key = crypto.getRandomValues(new Uint32Array(4)).join('-');
    const { name, type, size } = file;
    await this.#blobs.set(key, file);
    this.change({ files: [...this.#state.files, { key, name, type, size }] });
  }

  /** Adds what was written elsewhere and not sent, a change of a message as a text of its own. */
  add({ text, files, edit }: DraftState): void {
    const parts = [this.#state.text, edit?.text, text].filter(Boolean);
    this.change({ text: parts.join('\n'), files: [...this.#state.files, ...files] });
  }

  /** The same; the files are copied, because their owner removes them. */
  async takeOver({ text, files }: DraftState): Promise<void> {
    for (const { key, name, type } of files) {
      const blob = await this.#blobs.get(key);
      if (blob) await this.addFile(new File([blob], name, { type }));
    }
    this.add({ text, files: [] });
  }

  removeFile(key: string): void {
    this.change({ files: this.#state.files.filter((file) => file.key !== key) });
    void this.#blobs.remove(key);
  }

  /** Hands everything over; the files' bytes stay where they are. */
  take(): DraftState {
    const taken = this.#state;
    this.change({ text: '', files: [], edit: undefined, reply: undefined });
    return taken;
  }
}
