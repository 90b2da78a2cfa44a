import { describe, expect, test } from '@jest/globals';
import { compare } from '../../bench/report/compare.ts';
import { flatPairs } from '../../bench/report/costs.ts';
import { Recorder, type ScenarioResult } from '../../bench/report/results.ts';
import {
  describe as describeSamples,
  median,
  percentile,
  worst,
} from '../../bench/report/statistics.ts';
import type { Target } from '../../bench/report/targets.ts';

describe('statistics of the bench', () => {
  test('when samples are many, then percentiles are by nearest rank', () => {
    const samples = Array.from({ length: 1000 }, (_, index) => 1000 - index);
    expect(describeSamples(samples)).toEqual({
      count: 1000,
      p50: 500,
      p99: 990,
      p999: 999,
      max: 1000,
    });
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  test('when rounds are even or odd, then the median is the middle of them', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  test('when higher is better, then the worst round is the lowest, and the other way round', () => {
    expect(worst([5, 3, 9], 'higher')).toBe(3);
    expect(worst([5, 3, 9], 'lower')).toBe(9);
  });
});

describe('comparison with a target', () => {
  const metric = { name: 'accepted', unit: 'sends/s', better: 'higher' } as const;
  const record = new Recorder('accept');
  for (const [bare, ours] of [
    [100, 300],
    [120, 200],
    [110, 290],
  ] as const) {
    record.add('rest 64', 'bare', metric, bare);
    record.add('rest 64', 'deskcord', metric, ours);
  }
  const results = [{ scenario: 'accept', measures: record.measures }] as ScenarioResult[];
  const place = (subject: string) => ({ subject, at: ['rest 64'] });
  const target: Target = {
    row: 'Throughput',
    what: 'accepted',
    scenario: 'accept',
    metric: 'accepted',
    pairs: [{ ours: place('deskcord'), base: place('bare') }],
    as: 'ratio',
    atLeast: 2.5,
  };

  test('when both were measured, then it is the ratio of their medians', () => {
    const found = compare(target, results);
    expect(found).toMatchObject({ worst: { value: 290 / 110 }, met: true });
    expect(compare({ ...target, atLeast: 3 }, results)).toMatchObject({ met: false });
    const difference = compare({ ...target, as: 'difference' }, results);
    expect(difference).toMatchObject({ worst: { value: 180 } });
  });

  test('when a place was not measured, then the next one stands in, or there is no answer', () => {
    const ours = { subject: 'deskcord', at: ['rest 256', 'rest 64'] };
    const pairs = [{ ours, base: place('bare') }];
    expect(compare({ ...target, pairs }, results)?.worst.value).toBeCloseTo(290 / 110);
    expect(compare({ ...target, scenario: 'latency' }, results)).toBeUndefined();
  });

  test('when a target has several places, then the worst of them decides', () => {
    const pairs = [
      { ours: place('bare'), base: place('deskcord') },
      { ours: place('deskcord'), base: place('bare') },
    ];
    const found = compare({ ...target, pairs }, results);
    expect(found).toMatchObject({ worst: { value: 110 / 290 }, met: false });
    expect(compare({ ...target, pairs, atLeast: 0.3 }, results)).toMatchObject({ met: true });
  });
});

describe('list of costs', () => {
  test('when a longer history makes a longer answer, then it is compared with one as long', () => {
    const cost = new Recorder('costs');
    const time = { name: 'p50', unit: 'ms', better: 'lower' } as const;
    const rows = { name: 'rows', unit: 'rows', better: 'lower' } as const;
    for (const [size, ms, count] of [
      [10, 1, 10],
      [1000, 8, 500],
      [100_000, 9, 500],
    ] as const) {
      cost.add(`GET messages @ ${size}`, 'deskcord', time, ms);
      cost.add(`GET messages @ ${size}`, 'deskcord', rows, count);
    }
    expect(flatPairs(cost.measures)).toEqual([
      {
        ours: { subject: 'deskcord', at: ['GET messages @ 100000'] },
        base: { subject: 'deskcord', at: ['GET messages @ 1000'] },
      },
    ]);
  });
});
