import type { Outgoing } from '../outgoing.ts';

/** Faults of the gateway, all off. Times are moments in milliseconds. */
export const noFaults = () => ({
  refuseUntil: 0,
  silentUntil: 0,
  loseUntil: 0,
  /** Names of the events that are lost until then; all of them when empty. */
  lose: [] as string[],
  /** How many of the coming events are sent twice. */
  double: 0,
  /** How many of the coming RESUMEs are refused. */
  refuseResumes: 0,
  /** The servers that are out of order. */
  outage: new Set<string>(),
});

type GatewayFaults = ReturnType<typeof noFaults>;

/** How often an event is sent: not at all when it is lost, twice when a fault doubles it. */
export function copiesOf(faults: GatewayFaults, event: Outgoing): number {
  if (loses(faults, event.name) || (event.guild !== null && faults.outage.has(event.guild)))
    return 0;
  if (faults.double === 0) return 1;
  faults.double -= 1;
  return 2;
}

function loses(faults: GatewayFaults, name: string): boolean {
  if (faults.loseUntil <= Date.now()) return false;
  return faults.lose.length === 0 || faults.lose.includes(name);
}
