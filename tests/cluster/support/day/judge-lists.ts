import type { DayEvidence, TicketEvidence } from './evidence.ts';
import type { Finding, Found } from './judge-parts.ts';

/** A customer's list has their own ticket alone: nobody else's, and none in which staff practise. */
export function judgeList({ number, listed }: TicketEvidence, { practice }: DayEvidence): Found[] {
  const found: Found[] = [];
  const others = listed.filter((one) => one !== number);
  if (others.length > 0 || listed.length !== 1) {
    found.push(['listed-wrong', `its customer's list has ${listed.join(', ') || 'nothing'}`]);
  }
  for (const one of others) {
    if (practice.includes(one)) found.push(['practice-leaked', `#${one} is in a customer's list`]);
  }
  return found;
}

/** The report counts what customers have opened, and nothing else. */
export function judgeReport({ tickets, practice, reported }: DayEvidence): Finding[] {
  if (reported === tickets.length) return [];
  const detail = `${reported} tickets, not ${tickets.length}; ${practice.length} are for practice`;
  return [{ kind: 'report-differs', ticket: 0, detail }];
}
