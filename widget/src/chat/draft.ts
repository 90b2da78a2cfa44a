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

/** Of a draft, what would be missed. */
type Unsent = Pick<DraftState, 'text' | 'files' | 'edit'>;

/** What somebody has written: neither that they were about to answer, nor an edit that changes nothing. */
export function unsentOf({ text, files, edit }: DraftState): Unsent {
  return { text, files, ...(edit && edit.text !== edit.before && { edit }) };
}

/** The words of it, in the order of their writing. */
export const textOf = ({ text, edit }: Unsent) => [edit?.text, text].filter(Boolean).join('\n');

export const isEmpty = ({ text, files, edit, reply }: DraftState) =>
  !text && files.length === 0 && !edit && !reply;

/** Stored with every key, so that a page that ends loses nothing. */
export class Draft {
  readonly #kept: Keeper;
  readonly #blobs: BlobStore;
  readonly #name: string;
  #state: DraftState;
  #isStored = true;

  constructor(kept: Keeper, blobs: BlobStore, id: string) {
    this.#kept = kept;
    this.#blobs = blobs;
    this.#name = `draft/${id}`;
    this.#state = kept.get<DraftState>(this.#name) ?? { text: '', files: [] };
  }

  get state(): Readonly<DraftState> {
    return this.#state;
  }

  /** Another tab may have changed it; what the storage had no room for stays as it is. */
  reload(): void {
    if (this.#isStored)
      this.#state = this.#kept.get<DraftState>(this.#name) ?? { text: '', files: [] };
  }

  /** @returns false where it is not stored, but kept in memory only */
  change(change: Partial<DraftState>): boolean {
    this.#state = { ...this.#state, ...change };
    if (!this.#state.edit) delete this.#state.edit;
    const kept = isEmpty(this.#state) ? undefined : this.#state;
    this.#isStored = this.#kept.set(this.#name, kept);
    return this.#isStored;
  }

  async addFile(file: File): Promise<void> {
    const key = crypto.getRandomValues(new Uint32Array(4)).join('-');
    const { name, type, size } = file;
    await this.#blobs.set(key, file);
    this.change({ files: [...this.#state.files, { key, name, type, size }] });
  }

  /**
   * Adds what was written elsewhere and not sent, a change of a message as a text of its own.
   * @param tail what was added before and was written after it, where it still stands here
   * @returns false where it is not stored, but kept in memory only
   */
  add(unsent: Unsent, tail = ''): boolean {
    const { text, files } = this.#state;
    const at = tail ? text.lastIndexOf(tail) : -1;
    const [before, after] =
      at < 0 ? [text, ''] : [text.slice(0, at).replace(/\n$/, ''), text.slice(at)];
    const parts = [before, textOf(unsent), after].filter(Boolean);
    return this.change({ text: parts.join('\n'), files: [...files, ...unsent.files] });
  }

  /**
   * Copies files that their owner removes.
   * @param name under which they are stored: the same again where it is done again
   */
  async copy(files: readonly LocalFile[], name: string): Promise<LocalFile[]> {
    const copies: LocalFile[] = [];
    for (const [nth, file] of files.entries()) {
      const blob = await this.#blobs.get(file.key);
      if (!blob || this.#kept.isClosed) continue;
      const key = `${name}-${nth}`;
      await this.#blobs.set(key, new File([blob], file.name, { type: file.type }));
      copies.push({ ...file, key });
    }
    return copies;
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
