/** One request as it is listed in the state. */
export interface LoggedCall {
  at: string;
  method: string;
  path: string;
  /** 0 when no answer was given. */
  status: number;
  /** Username of the caller, or null. */
  who: string | null;
  ms: number;
  /** The JSON body, shortened when it is long. */
  body: unknown;
  /** Names and sizes of the files that came with it. */
  files: { filename: string; size: number }[];
  /** Kind of the fault that struck it. */
  fault?: string;
}

const KEPT = 5000;
const INVALID_WINDOW_MS = 600_000;
const LONGEST_BODY = 4000;

/** The last calls received, and how many of them counted as invalid (401, 403, 429 that is not shared). */
export class CallLog {
  private calls: LoggedCall[] = [];
  /** Requests that were logged in all, those no longer kept included. */
  total = 0;
  private invalid: number[] = [];

  /** Invalid requests of the last ten minutes. */
  get invalidRequests(): number {
    const since = Date.now() - INVALID_WINDOW_MS;
    while ((this.invalid[0] ?? since) < since) this.invalid.shift();
    return this.invalid.length;
  }

  countInvalid(): void {
    this.invalid.push(Date.now());
  }

  add(call: LoggedCall): void {
    this.total += 1;
    this.calls.push(call);
    if (this.calls.length > KEPT * 1.2) this.calls = this.calls.slice(-KEPT);
  }

  list(): LoggedCall[] {
    return this.calls.slice(-KEPT);
  }

  clear(): void {
    this.calls = [];
    this.invalid = [];
  }
}

/** A body cut to what the state should carry. */
export function summarise(body: unknown): unknown {
  const text = JSON.stringify(body) ?? '';
  return text.length > LONGEST_BODY ? `${text.slice(0, LONGEST_BODY)}…` : body;
}
