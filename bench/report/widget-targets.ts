import type { Pair, Target } from './targets.ts';

const at = (...places: string[]): Pair[] =>
  places.map((place) => ({ ours: { subject: 'deskcord', at: [place] } }));

const inWidget = { row: 'Widget', scenario: 'widget', as: 'value' } as const;

/** What an hour adds: its end against its middle. */
const inAnHour: Pair[] = [
  {
    ours: { subject: 'deskcord', at: ['after 60 minutes'] },
    base: { subject: 'deskcord', at: ['after 30 minutes'] },
  },
];

function longest(what: string, speed: string, why?: string): Target {
  return {
    ...{ ...inWidget, what, metric: 'longest task', atMost: 16 },
    pairs: at(`opening 5000 messages, ${speed}`, `scrolling 5000 messages, ${speed}`),
    ...(why && { why }),
  };
}

/** What the widget costs a page and whoever uses it. */
export const widgetTargets: readonly Target[] = [
  {
    ...{ ...inWidget, what: 'longest task while the page loads, processor slowed 4 times' },
    ...{ metric: 'longest task', atMost: 50, pairs: at('loading, slowed 4 times') },
  },
  {
    ...{ ...inWidget, what: 'layout shift while the page loads' },
    ...{ metric: 'layout shift', atMost: 0, pairs: at('loading') },
  },
  {
    ...inWidget,
    what: 'tap to a usable chat, processor slowed 4 times, an empty one and one of 5,000 messages',
    ...{ metric: 'tap to usable', atMost: 1000 },
    pairs: at('first message, slowed 4 times', '5000 messages, slowed 4 times'),
  },
  longest('longest task, 5,000 messages opened and scrolled', 'full speed'),
  longest(
    'longest task, 5,000 messages opened and scrolled, processor slowed 4 times',
    'slowed 4 times',
    'of opening, the longest is the table of languages that V8 builds in one piece when a process first formats a date, some 10 ms at full speed; of scrolling, frames of the browser, 3 to 4 ms each at full speed, in which there is little script',
  ),
  {
    ...{ row: 'Widget', what: 'heap, the end of an hour of talk against its middle' },
    ...{ scenario: 'widget', metric: 'heap', as: 'ratio', atMost: 1.1, pairs: inAnHour },
  },
  {
    ...{ row: 'Widget', what: 'elements of the chat, the same' },
    ...{ scenario: 'widget', metric: 'elements', as: 'ratio', atMost: 1.1, pairs: inAnHour },
  },
];
