import type { BlobStore } from '../../../client/storage.ts';

const MAX = 60;

/** Addresses of pictures that only this machine has, until the server has them. */
export class Previews {
  readonly #blobs: BlobStore;
  readonly #onLoad: () => void;
  readonly #urls = new Map<string, string>();
  readonly #asked = new Set<string>();

  constructor(blobs: BlobStore, onLoad: () => void) {
    this.#blobs = blobs;
    this.#onLoad = onLoad;
  }

  /** Undefined until it is read, and where it is no picture. */
  url({ key, type }: { key: string; type: string }): string | undefined {
    if (!/^image\/(png|jpe?g|gif|webp|avif)$/.test(type)) return undefined;
    if (!this.#asked.has(key)) void this.#load(key);
    return this.#urls.get(key);
  }

  async #load(key: string): Promise<void> {
    this.#asked.add(key);
    const blob = await this.#blobs.get(key).catch(() => undefined);
    if (!blob) return;
    this.#urls.set(key, URL.createObjectURL(blob));
    for (const [old, url] of this.#urls) {
      if (this.#urls.size <= MAX) break;
      URL.revokeObjectURL(url);
      this.#urls.delete(old);
    }
    this.#onLoad();
  }

  close(): void {
    for (const url of this.#urls.values()) URL.revokeObjectURL(url);
    this.#urls.clear();
  }
}
