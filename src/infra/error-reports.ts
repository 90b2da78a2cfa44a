import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import type { Log } from './log.ts';
import { withoutSecrets } from './redaction.ts';

const SILENCE_MS = 10 * 60_000;
const MAX_KNOWN = 500;
const TIMEOUT_MS = 5000;
const MAX_IN_FLIGHT = 4;

export interface ErrorReports {
  /** Tells the operators' channel of an error nobody expected. Never throws, never waits. */
  report(error: unknown, where: Record<string, unknown>): void;
}

interface Seen {
  until: number;
  again: number;
}

/** What was thrown, in the lines worth reading. Takes anything, because anything can be thrown. */
function describeError(thrown: unknown): string {
  const text = thrown instanceof Error && thrown.stack ? thrown.stack : inspect(thrown);
  return text.split('\n').slice(0, 8).join('\n');
}

function describePlace(where: Record<string, unknown>): string {
  try {
    return JSON.stringify(where);
  } catch {
    return inspect(where, { breakLength: Number.POSITIVE_INFINITY });
  }
}

/** The same for the same bug, whatever ids and numbers its message names. */
function fingerprintOf(lines: string): string {
  const stable = lines
    .split('\n')
    .map((line) => (/^ +at /.test(line) ? line : line.replace(/\b[0-9a-f]{8,}\b|\d+/gi, '#')));
  return createHash('sha1').update(stable.join('\n')).digest('hex');
}

/**
 * Posts unexpected errors to a Discord webhook: the same one at most once in ten minutes, with a
 * count of what was left out.
 * @param url undefined makes a reporter that does nothing
 */
export function createErrorReports(
  url: string | undefined,
  secrets: readonly string[],
  log: Log,
): ErrorReports {
  const known = new Map<string, Seen>();
  let inFlight = 0;

  const countAgain = (fingerprint: string, now: number): number | undefined => {
    const seen = known.get(fingerprint);
    if (seen && seen.until > now) {
      seen.again++;
      return undefined;
    }
    if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value as string);
    known.set(fingerprint, { until: now + SILENCE_MS, again: 0 });
    return seen?.again ?? 0;
  };

  const post = async (target: string, content: string) => {
    const body = JSON.stringify({ content, allowed_mentions: { parse: [] } });
    const headers = { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(target, { method: 'POST', headers, body, signal });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`the webhook answered ${answer.status}`);
  };

  return {
    report(thrown, where) {
      if (!url || inFlight >= MAX_IN_FLIGHT) return;
      const lines = withoutSecrets(describeError(thrown), secrets);
      const again = countAgain(fingerprintOf(lines), Date.now());
      if (again === undefined) return;
      const context = withoutSecrets(describePlace(where), secrets).slice(0, 400);
      const tail = again > 0 ? `\n(${again} more like it since the last report)` : '';
      const fenced = lines.slice(0, 1400).replaceAll('```', "'''");
      inFlight++;
      post(url, `**Deskcord error** \`${context}\`\n\`\`\`\n${fenced}\n\`\`\`${tail}`)
        .catch((failure: Error) =>
          log.warn(
            { reason: withoutSecrets(failure.message, secrets) },
            'the error webhook failed',
          ),
        )
        .finally(() => inFlight--);
    },
  };
}
