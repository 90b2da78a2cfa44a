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
  /** The server is out of order. */
  outage: false,
});

/** Whether an event of this name is lost now. */
export function loses(faults: ReturnType<typeof noFaults>, name: string): boolean {
  if (faults.loseUntil <= Date.now()) return false;
  return faults.lose.length === 0 || faults.lose.includes(name);
}
