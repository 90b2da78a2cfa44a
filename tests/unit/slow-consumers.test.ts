import { expect, test } from '@jest/globals';
import { exceedsSendBuffer } from '../../src/realtime/slow-consumers.ts';

const packets = (count: number, data: string | Buffer) =>
  Array.from({ length: count }, () => ({ data }));
const MEGABYTE = 1024 * 1024;

test('when 5,000 small packets wait, then that is not too much; one more is', () => {
  expect(exceedsSendBuffer(packets(5000, '2["typing"]'), MEGABYTE)).toBe(false);
  expect(exceedsSendBuffer(packets(5001, '2["typing"]'), MEGABYTE)).toBe(true);
});

test.each(['a', 'é', '語', '😀'])(
  'when the bytes of packets of %j pass the cap, then that is too much',
  (letter) => {
    const size = Buffer.byteLength(letter);
    const full = packets(1024, letter.repeat(12));
    expect(exceedsSendBuffer(full, 1024 * 12 * size)).toBe(false);
    expect(exceedsSendBuffer(full, 1024 * 12 * size - 1)).toBe(true);
  },
);

test('when one packet waits, then it is sent, however large', () => {
  expect(exceedsSendBuffer(packets(1, 'a'.repeat(2 * MEGABYTE)), MEGABYTE)).toBe(false);
  expect(exceedsSendBuffer([{}, {}], MEGABYTE)).toBe(false);
});
