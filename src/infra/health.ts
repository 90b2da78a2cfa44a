/** `ok`: works; `degraded`: works for customers, but a part is away; `down`: must get no requests. */
export type PartState = 'ok' | 'degraded' | 'down';

export interface Part {
  state: PartState;
  /** Why it is not `ok`, in words for an operator that a stranger may read as well. */
  reason?: string;
}

export interface HealthReport {
  status: 'ok' | 'degraded' | 'unavailable';
  parts: Record<string, Part>;
}

/** What `/readyz` says: each part of the process reports on itself. */
export interface Health {
  set(part: string, state: PartState, reason?: string): void;
  /** Makes a part one that is looked at whenever somebody asks, at most once in `freshMs`. */
  watch(part: string, look: () => Promise<Part>): void;
  /** Looks at the watched parts, unless that has just been done; all who ask meanwhile share it. */
  refresh(): Promise<void>;
  report(): HealthReport;
}

/** How long an answer is good for, in milliseconds: whoever asks costs no more than this. */
const FRESH_MS = 1000;

/** Longer than what a part has to say; a reason is a line, not a document. */
const MAX_REASON = 500;

/**
 * Takes out of a reason what is none of a stranger's business: addresses, and what a driver quotes.
 * Links to Discord stay, since the one that invites the bot is the mend.
 */
export function withoutAddresses(reason: string): string {
  return reason
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/(?!discord\.com\/)\S+/gi, '[address]')
    .replace(/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '[address]')
    .replace(/\[?[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}\]?(?::\d+)?/gi, '[address]')
    .replace(/\b(?:[\w-]+\.)*[a-z][\w-]*:\d{2,5}\b/gi, '[address]')
    .replace(/\b((?:ENOTFOUND|EAI_AGAIN|ENODATA) )\S+/g, '$1[address]')
    .slice(0, MAX_REASON);
}

export function createHealth(freshMs = FRESH_MS): Health {
  const parts = new Map<string, Part>();
  const looks = new Map<string, () => Promise<Part>>();
  let looking: Promise<void> | undefined;
  let freshUntil = 0;

  const set = (part: string, { state, reason }: Part) => {
    parts.set(part, reason ? { state, reason: withoutAddresses(reason) } : { state });
  };
  const lookAtAll = async () => {
    const failed: Part = { state: 'down', reason: 'it cannot be looked at' };
    const lookAt = async (part: string, look: () => Promise<Part>) =>
      set(part, await look().catch(() => failed));
    await Promise.all([...looks].map(([part, look]) => lookAt(part, look)));
    freshUntil = performance.now() + freshMs;
  };

  return {
    set: (part, state, reason) => set(part, reason ? { state, reason } : { state }),
    watch(part, look) {
      looks.set(part, look);
      freshUntil = 0;
    },
    async refresh() {
      if (performance.now() < freshUntil) return;
      looking ??= lookAtAll().finally(() => {
        looking = undefined;
      });
      await looking;
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
