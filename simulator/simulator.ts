import type { CallLog } from './call-log.ts';
import type { Faults } from './faults.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { RateLimits } from './rate-limits.ts';
import type { Directory } from './seed.ts';
import type { Settings } from './settings.ts';
import type { World } from './world.ts';

/** The parts of one running simulator. `world`, `worlds` and `directory` are replaced by a reset. */
export interface Simulator {
  /** Of the first guild. */
  world: World;
  /** Of every guild, the first one's first. */
  worlds: readonly World[];
  directory: Directory;
  readonly settings: Settings;
  readonly gateway: Gateway;
  readonly faults: Faults;
  readonly limits: RateLimits;
  readonly calls: CallLog;
  readonly url: string;
  readonly gatewayUrl: string;
  /** Takes all faults back, and the settings to those of the start. */
  clearFaults(): void;
  /** Back to the seed; every gateway session ends. */
  reset(): void;
}
