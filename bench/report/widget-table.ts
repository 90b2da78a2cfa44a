import { formatNumber, formatTable } from './format.ts';
import type { Measure, ScenarioResult } from './results.ts';
import { median } from './statistics.ts';

interface Line {
  what: string;
  metric: string;
  /** The first that was measured. */
  at: string;
}

const long = '5000 messages';

const lines: readonly Line[] = [
  { what: 'before the tap, gzip', metric: 'gzip', at: 'before the tap' },
  { what: 'loaded by the tap, gzip', metric: 'gzip', at: 'the tap' },
  {
    what: 'tap to an empty chat, slowed 4 times',
    metric: 'tap to usable',
    at: 'first message, slowed 4 times',
  },
  { what: 'tap to 5,000 messages', metric: 'tap to usable', at: `${long}, full speed` },
  {
    what: 'tap to 5,000 messages, slowed 4 times',
    metric: 'tap to usable',
    at: `${long}, slowed 4 times`,
  },
  ...['full speed', 'slowed 4 times'].flatMap((speed) =>
    ['opening', 'scrolling'].map((doing) => ({
      what: `longest task of ${doing} 5,000 messages, ${speed}`,
      metric: 'longest task',
      at: `${doing} ${long}, ${speed}`,
    })),
  ),
  ...[15, 30, 45, 60].map((minute) => ({
    what: `heap after ${minute} minutes of talk`,
    metric: 'heap',
    at: `after ${minute} minutes`,
  })),
];

const ours = 'deskcord';

/** The widget beside a peer's, each figure the median of its rounds; empty where nothing was measured. */
export function widgetTable(results: readonly ScenarioResult[]): string {
  const measures = results.find(({ scenario }) => scenario === 'widget')?.measures ?? [];
  const peer = measures.find(({ subject }) => subject !== ours)?.subject;
  const show = ({ metric, at }: Line, subject: string | undefined) => {
    const isIt = (each: Measure) =>
      each.metric === metric && each.at === at && each.subject === subject;
    const found = measures.find(isIt);
    return found ? `${formatNumber(median(found.rounds))} ${found.unit}` : '–';
  };
  const body = lines
    .map((line) => [line.what, show(line, ours), show(line, peer)])
    .filter(([, mine]) => mine !== '–');
  if (body.length === 0) return '';
  const head = ['', 'Deskcord', peer ?? 'a peer'];
  return formatTable(head, body as string[][]);
}
