import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { setAlarm } from '../../src/realtime/alarm.ts';

const DAY = 24 * 60 * 60 * 1000;
let rung: number;
const ring = () => {
  rung++;
};

beforeEach(() => {
  rung = 0;
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('an alarm further away than a timer reaches rings at its time, once', () => {
  setAlarm(Date.now, Date.now() + 90 * DAY, ring);
  jest.advanceTimersByTime(90 * DAY - 1000);
  expect(rung).toBe(0);
  jest.advanceTimersByTime(1000);
  expect(rung).toBe(1);
  jest.advanceTimersByTime(90 * DAY);
  expect(rung).toBe(1);
});

test('one that is no whole number of steps away rings at its millisecond all the same', () => {
  for (const away of [9_999, 10_001, 19_999, 20_001, 123_456]) {
    rung = 0;
    setAlarm(Date.now, Date.now() + away, ring);
    jest.advanceTimersByTime(away - 1);
    expect(rung).toBe(0);
    jest.advanceTimersByTime(1);
    expect(rung).toBe(1);
  }
});

test('one that lies in the past rings at once', () => {
  setAlarm(Date.now, Date.now() - DAY, ring);
  jest.advanceTimersByTime(0);
  expect(rung).toBe(1);
});

test('a cancelled one never rings, after its first leg either', () => {
  const near = setAlarm(Date.now, Date.now() + 1000, ring);
  const far = setAlarm(Date.now, Date.now() + 60 * DAY, ring);
  near();
  jest.advanceTimersByTime(30 * DAY);
  far();
  jest.advanceTimersByTime(60 * DAY);
  expect(rung).toBe(0);
});
