import { expect, test } from '@jest/globals';
import { Recorder, type ScenarioResult } from '../../bench/report/results.ts';
import { widgetTable } from '../../bench/report/widget-table.ts';
import { readTasks } from '../../bench/widget/trace.ts';

const event = (name: string, ts: number, ms: number, url?: string, tid = 1) => ({
  ...{ name, ph: 'X', pid: 1, tid, ts, dur: ms * 1000, tdur: ms * 900 },
  args: url ? { data: { url } } : {},
});

const ours = 'https://support.example.com/widget/v1.js';

test('a task of a trace counts where the script ran or the page was drawn after it, once and with what it consists of', () => {
  const traceEvents = [
    // Drawn before the script was there.
    event('RunTask', 0, 90),
    event('Layout', 1000, 80),
    event('RunTask', 100_000, 10),
    event('RunTask', 100_000, 9),
    event('FunctionCall', 101_000, 6, ours),
    event('Layout', 102_000, 2),
    // Script of somebody else, which draws nothing.
    event('RunTask', 200_000, 70),
    event('FunctionCall', 201_000, 60, 'https://shop.example.com/shop.js'),
    event('RunTask', 300_000, 20),
    event('UpdateLayoutTree', 301_000, 5),
    // Another thread.
    event('RunTask', 300_000, 50, undefined, 2),
    event('Layout', 301_000, 40, undefined, 2),
  ];
  const tasks = readTasks(Buffer.from(JSON.stringify({ traceEvents })), /\/widget\//);
  expect(tasks.map(({ ms }) => ms)).toEqual([18, 9]);
  expect(tasks[1]?.parts).toEqual(['FunctionCall 3.6', 'RunTask 2.7', 'Layout 1.8']);
});

test('the table has the medians of ours beside those of the peer, and nothing where nothing was measured', () => {
  expect(widgetTable([])).toBe('');
  const record = new Recorder('widget');
  const metric = { name: 'longest task', unit: 'ms', better: 'lower' } as const;
  const at = 'opening 5000 messages, full speed';
  for (const ms of [9, 30, 10]) record.add(at, 'deskcord', metric, ms);
  record.add(at, 'another 1.0.0', metric, 1234);
  const result = { scenario: 'widget', measures: record.measures } as ScenarioResult;
  expect(widgetTable([result]).split('\n')).toEqual([
    '|  | Deskcord | another 1.0.0 |',
    '| --- | --- | --- |',
    '| longest task of opening 5,000 messages, full speed | 10.0 ms | 1,234 ms |',
  ]);
});
