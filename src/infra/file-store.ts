import { type Readable, Writable } from 'node:stream';
import { type Connection, mongo, Types } from 'mongoose';
import { unavailable } from '../errors.ts';

/** What is kept beside the bytes of a file. */
export interface FileMeta {
  ticket_id: string;
  /** Key of whoever brought it. */
  uploader: string;
  /** MIME type found by looking at the bytes. */
  type: string;
}

export interface StoredFile extends FileMeta {
  id: string;
  name: string;
  size: number;
  created_at: number;
}

/** Where the bytes of attachments live. The only port the rest of the code knows. */
export interface FileStore {
  /** A stream to write the bytes to; destroying it leaves nothing behind. */
  create(id: string, name: string, meta: FileMeta): Writable;
  find(ids: readonly string[]): Promise<StoredFile[]>;
  /** Bytes from `start` to `end`, both included. */
  read(id: string, range?: { start: number; end: number }): Readable;
  /** Takes all bytes of a file away, those of an upload that was cut off too; gone already is as good. */
  remove(id: string): Promise<void>;
  /** Ids of files with bytes, those of uploads that were cut off too, above `after` and in order. */
  listIds(after: string | undefined, limit: number): Promise<string[]>;
}

/**
 * GridFS keeps the chunks of an upload that was given up, so this takes them away: once the write
 * under way has come to its end, because what arrives after a deletion stays.
 */
function leavingNothing(upload: mongo.GridFSBucketWriteStream): Writable {
  let pending = Promise.resolve();
  // Its errors come back through the callbacks.
  upload.on('error', () => undefined);
  return new Writable({
    write(chunk: Buffer, encoding, callback) {
      pending = new Promise((resolve) => {
        upload.write(chunk, encoding, (error) => {
          resolve();
          callback(error);
        });
      });
    },
    final(callback) {
      upload.end(callback);
    },
    destroy(error, callback) {
      const giveUp = async () => {
        await pending;
        if (!upload.gridFSFile) await upload.abort();
      };
      // Where the database is away too, the chunks stay, as bytes nobody can name.
      giveUp().then(
        () => callback(error),
        () => callback(error),
      );
    },
  });
}

/** Files in GridFS, beside the tickets, so that every node sees them. */
export function createGridFileStore(connection: Connection): FileStore {
  const bucket = () => {
    if (!connection.db) throw unavailable('the database is not reachable yet');
    return new mongo.GridFSBucket(connection.db, { bucketName: 'files' });
  };
  const collection = (name: string) => {
    if (!connection.db) throw unavailable('the database is not reachable yet');
    return connection.db.collection<mongo.Document>(`files.${name}`);
  };
  const oid = (id: string) => Types.ObjectId.createFromHexString(id);
  return {
    create: (id, name, meta) =>
      leavingNothing(bucket().openUploadStreamWithId(oid(id), name, { metadata: { ...meta } })),
    async find(ids) {
      const files = await bucket()
        .find({ _id: { $in: ids.map(oid) } })
        .toArray();
      return files.map((file) => ({
        ...(file.metadata as unknown as FileMeta),
        id: file._id.toHexString(),
        name: file.filename,
        size: file.length,
        created_at: file.uploadDate.getTime(),
      }));
    },
    // GridFS counts the end of a range as not included.
    read: (id, range) =>
      bucket().openDownloadStream(
        oid(id),
        range ? { start: range.start, end: range.end + 1 } : undefined,
      ),
    async remove(id) {
      // The bucket's own deletion refuses where the first half of it was done before.
      await collection('files').deleteOne({ _id: oid(id) });
      await collection('chunks').deleteMany({ files_id: oid(id) });
    },
    async listIds(after, limit) {
      // Of the index { files_id, n } alone: one key a file.
      const rows = await collection('chunks')
        .find({ ...(after && { files_id: { $gt: oid(after) } }), n: 0 })
        .project<{ files_id: Types.ObjectId }>({ _id: 0, files_id: 1 })
        .sort({ files_id: 1, n: 1 })
        .limit(limit)
        .toArray();
      return rows.map(({ files_id }) => files_id.toHexString());
    },
  };
}
