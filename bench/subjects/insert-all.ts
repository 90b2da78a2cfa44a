import type { Collection, Document } from 'mongodb';

const BATCH = 5000;

/** Fills a collection; what was written is on disk when the measuring begins. */
export async function insertAll(
  collection: Collection<Document>,
  count: number,
  make: (index: number) => Document,
): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const length = Math.min(BATCH, count - from);
    const batch = Array.from({ length }, (_, offset) => make(from + offset));
    await collection.insertMany(batch, {
      ordered: false,
      writeConcern: { w: 'majority', j: true },
    });
  }
}
