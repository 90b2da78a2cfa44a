import { type Act, actBody } from './act.ts';
import { gatewayActs } from './gateway-acts.ts';
import type { Simulator } from './simulator.ts';
import { validate } from './validation/fields.ts';
import { worldActs } from './world-acts.ts';

const ACTS: Record<string, Act> = { ...gatewayActs, ...worldActs };

/** Whether this fault acts at once rather than waiting for a call. */
export function actsAtOnce(fault: object): boolean {
  return 'kind' in fault && typeof fault.kind === 'string' && Object.hasOwn(ACTS, fault.kind);
}

/** Carries such a fault out. */
export function strikeNow(sim: Simulator, fault: unknown): void {
  const read = validate(actBody, fault, true);
  ACTS[read.kind]?.(sim, read);
}
