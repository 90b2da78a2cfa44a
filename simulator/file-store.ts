import { createHmac, timingSafeEqual } from 'node:crypto';

interface StoredFile {
  bytes: Buffer;
  contentType: string;
}

const SECRET = 'signs the links of the simulator';

/** Attachment bytes and their signed links. A link names its own expiry; deleting a file kills every link to it. */
export class FileStore {
  private readonly files = new Map<string, StoredFile>();
  private stored = 0;
  /** Part of every signature: raising it makes all earlier links bad. */
  private generation = 0;

  /** Keeps a file; the oldest ones go when `maxStoredBytes` is passed. */
  put(key: string, bytes: Buffer, contentType: string, maxStoredBytes: number): void {
    this.files.set(key, { bytes, contentType });
    this.stored += bytes.length;
    for (const [oldest] of this.files) {
      if (this.stored <= maxStoredBytes || oldest === key) break;
      this.delete(oldest);
    }
  }

  /** The bytes of a file, if they are still kept. */
  read(key: string): Buffer | undefined {
    return this.files.get(key)?.bytes;
  }

  delete(key: string): void {
    const file = this.files.get(key);
    if (!file) return;
    this.files.delete(key);
    this.stored -= file.bytes.length;
  }

  /** The `ex`, `is` and `hm` parameters for a path, valid for `lifetimeMs` from now. */
  sign(path: string, lifetimeMs: number): string {
    const now = Date.now();
    const issued = Math.floor(now / 1000).toString(16);
    const expires = Math.ceil((now + lifetimeMs) / 1000).toString(16);
    return `ex=${expires}&is=${issued}&hm=${this.mac(path, expires, issued)}&`;
  }

  /** The file behind a signed link, or undefined when the link is bad or expired or the file is gone. */
  open(path: string, query: URLSearchParams): StoredFile | undefined {
    const expires = query.get('ex') ?? '';
    const issued = query.get('is') ?? '';
    const given = Buffer.from(query.get('hm') ?? '', 'hex');
    const wanted = Buffer.from(this.mac(path, expires, issued), 'hex');
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
    if (Number.parseInt(expires, 16) * 1000 <= Date.now()) return undefined;
    return this.files.get(path.replace('/attachments/', ''));
  }

  /** Makes every link given out so far expire; links of the next fetch work. */
  expireLinks(): void {
    this.generation += 1;
  }

  private mac(path: string, expires: string, issued: string): string {
    const text = `${path}|${expires}|${issued}|${this.generation}`;
    return createHmac('sha256', SECRET).update(text).digest('hex');
  }
}
