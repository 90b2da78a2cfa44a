import { Timestamp } from 'mongodb';
import type { Database } from '../../models/database.ts';
import { runCommand } from './collections.ts';

/** A moment of the cluster's clock. */
export type ClusterTime = Timestamp;

/** In a new row: MongoDB puts the cluster's time of the insertion in its place. */
export const atInsertion = new Timestamp({ t: 0, i: 0 });

/** A moment of the cluster's clock, with whole seconds. */
export function clusterTime(ms: number): Timestamp {
  return new Timestamp({ t: Math.max(1, Math.floor(ms / 1000)), i: 0 });
}

export interface ClusterClock {
  /** What was written up to here, a majority has. */
  committed: Timestamp;
  /**
   * Milliseconds by which the cluster's clock is at least ahead of this process's: what was stored since a
   * moment is then read too far back rather than not far enough, however long the answer was on its way.
   */
  ahead: number;
}

interface Hello {
  localTime: Date;
  /** A router of a sharded cluster does not tell. */
  lastWrite?: { majorityOpTime: { ts: Timestamp } };
}

/** Asks the primary for its clock. */
export async function readClusterClock(db: Database): Promise<ClusterClock> {
  const { localTime, lastWrite } = await runCommand<Hello>(db, { hello: 1 });
  const now = localTime.getTime();
  return {
    committed: lastWrite?.majorityOpTime.ts ?? clusterTime(now),
    ahead: now - Date.now(),
  };
}
