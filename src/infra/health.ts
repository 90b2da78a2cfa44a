/** `ok`: works; `degraded`: works for customers, but a part is away; `down`: must get no requests. */
export type PartState = 'ok' | 'degraded' | 'down';

export interface Part {
  state: PartState;
  /** Why it is not `ok`, in words for an operator. */
  reason?: string;
}

export interface HealthReport {
  status: 'ok' | 'degraded' | 'unavailable';
  parts: Record<string, Part>;
}

/** What `/readyz` says: each part of the process reports on itself. */
export interface Health {
  set(part: string, state: PartState, reason?: string): void;
  report(): HealthReport;
}

export function createHealth(): Health {
  const parts = new Map<string, Part>();
  return {
    set(part, state, reason) {
      parts.set(part, reason ? { state, reason } : { state });
    },
    report() {
      const states = [...parts.values()].map(({ state }) => state);
      const status = states.includes('down')
        ? 'unavailable'
        : states.includes('degraded')
          ? 'degraded'
          : 'ok';
      return { status, parts: Object.fromEntries(parts) };
    },
  };
}
