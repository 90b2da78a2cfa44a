import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createErrorReports } from '../../src/infra/error-reports.ts';
import { createLog } from '../../src/infra/log.ts';
import { withoutSecrets } from '../../src/infra/redaction.ts';
import { eventually } from '../support/eventually.ts';

const SECRET = 'hunter2-hunter2';
const log = createLog({ logLevel: 'silent', production: true });
let webhook: Server;
let url: string;
let posts: { content: string; allowed_mentions: unknown }[];
let answer: number | 'nothing';

beforeEach(async () => {
  posts = [];
  answer = 204;
  webhook = createServer((req, res) => {
    let text = '';
    req.on('data', (data) => {
      text += data;
    });
    req.on('end', () => {
      posts.push(JSON.parse(text));
      if (answer !== 'nothing') res.writeHead(answer).end();
    });
  }).listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/api/webhooks/123/secret-part`;
});
afterEach(() => {
  webhook.closeAllConnections();
  webhook.close();
});

const settle = () => new Promise((resolve) => setTimeout(resolve, 100));

/** The same line of code throws every time, as a bug does. */
const bug = (message: string) => new TypeError(message);

test('an error is posted with what and where, and pings nobody', async () => {
  createErrorReports(url, [SECRET], log).report(bug('x is not a function'), { request: 'r-1' });
  await eventually(() => expect(posts).toHaveLength(1));
  expect(posts[0]?.content).toContain('TypeError: x is not a function');
  expect(posts[0]?.content).toContain('{"request":"r-1"}');
  expect(posts[0]?.content.length).toBeLessThanOrEqual(2000);
  expect(posts[0]?.allowed_mentions).toEqual({ parse: [] });
});

describe('the same error again', () => {
  test('is kept back, whatever ids and numbers its message has', async () => {
    const reports = createErrorReports(url, [], log);
    for (let i = 0; i < 50; i++) {
      const id = i.toString(16).padStart(24, 'a1');
      reports.report(bug(`no entry ${i} of ticket ${id}`), { i });
    }
    await eventually(() => expect(posts).toHaveLength(1));
    await settle();
    expect(posts).toHaveLength(1);
  });

  test('another one is posted', async () => {
    const reports = createErrorReports(url, [], log);
    reports.report(bug('one thing'), {});
    reports.report(bug('another thing'), {});
    await eventually(() => expect(posts).toHaveLength(2));
  });
});

test('when more than 500 kinds of errors are known, then the oldest is forgotten, and told again', async () => {
  const reports = createErrorReports(url, [], log);
  const nameOf = (kind: number) => [...String(kind)].map((digit) => 'abcdefghij'[Number(digit)]);
  const forgotten = 0;
  const known = 5;
  // One line of code for all: where it was thrown is a part of what an error is known by.
  for (const kind of [...Array(501).keys(), known, forgotten]) {
    const before = posts.length;
    reports.report(bug(nameOf(kind).join('')), {});
    if (kind === known && before > known) continue;
    await eventually(() => expect(posts.length).toBe(before + 1), { every: 1 });
  }
  expect(posts).toHaveLength(502);
});

describe('a report', () => {
  test('keeps to the length Discord takes, with the longest stack and place', async () => {
    const reports = createErrorReports(url, [], log);
    reports.report(bug(`${'`'.repeat(3000)}${'😀'.repeat(3000)}`), { path: '/x'.repeat(3000) });
    await eventually(() => expect(posts).toHaveLength(1));
    expect(posts[0]?.content.length).toBeLessThanOrEqual(2000);
  });

  test.each([
    ['text', 'just text'],
    ['nothing', undefined],
    ['an object without a prototype', Object.create(null)],
    ['an error without a stack', Object.assign(new Error('x'), { stack: undefined })],
    ['a symbol', Symbol('x')],
  ])('of %s that was thrown never throws itself', async (_what, thrown) => {
    const circular: Record<string, unknown> = { big: 1n };
    circular.self = circular;
    const reports = createErrorReports(url, [], log);
    expect(() => reports.report(thrown, circular)).not.toThrow();
    await eventually(() => expect(posts).toHaveLength(1));
  });

  test('has no secrets in it', async () => {
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjQyIn0.c2lnbmF0dXJl';
    const message = [
      `secret ${SECRET}`,
      `token ${token}`,
      `Authorization: Bearer abc.def`,
      `Authorization: Bot MTA.xyz`,
      `mongodb://root:pass-word@db:27017/x`,
      `https://discord.com/api/webhooks/1/webhook-token`,
      `/api/v1/files/1/a?exp=1&sig=signature-of-it`,
    ].join(' | ');
    createErrorReports(url, [SECRET], log).report(bug(message), { path: `/x/${token}`, SECRET });
    await eventually(() => expect(posts).toHaveLength(1));
    for (const hidden of [
      SECRET,
      token,
      'abc.def',
      'MTA.xyz',
      'pass-word',
      'webhook-token',
      'signature-of-it',
    ]) {
      expect(posts[0]?.content).not.toContain(hidden);
    }
    expect(withoutSecrets('nothing to hide', [SECRET])).toBe('nothing to hide');
  });
});

describe('a webhook that fails', () => {
  test.each([500, 404, 429, 'nothing'] as const)('by answering %s breaks nothing', async (what) => {
    answer = what;
    const reports = createErrorReports(url, [], log);
    for (let i = 0; i < 20; i++)
      reports.report(new Error(`kind ${String.fromCharCode(97 + i)}`), {});
    await eventually(() => expect(posts.length).toBeGreaterThan(0));
    await settle();
    expect(posts.length).toBeLessThanOrEqual(20);
  });

  test('by answering nothing is asked four things at once, and given up after 5 s', async () => {
    answer = 'nothing';
    const reports = createErrorReports(url, [], log);
    const report = (letter: string) => reports.report(bug(`kind ${letter}`), {});
    const start = performance.now();
    for (const letter of 'abcdef') report(letter);
    await eventually(() => expect(posts).toHaveLength(4));
    await settle();
    expect(posts).toHaveLength(4);
    await eventually(
      () => {
        report('g');
        expect(posts.length).toBeGreaterThan(4);
      },
      { timeout: 15_000 },
    );
    expect(performance.now() - start).toBeGreaterThan(4900);
  });

  test('by not being there breaks nothing, and its address is not logged', async () => {
    webhook.close();
    const lines: string[] = [];
    const warn = { warn: (...args: unknown[]) => lines.push(JSON.stringify(args)) };
    createErrorReports(url, [url], warn as never).report(new Error('x'), {});
    await eventually(() => expect(lines).toHaveLength(1));
    expect(lines[0]).not.toContain('secret-part');
  });

  test('none at all does nothing', () => {
    expect(() => createErrorReports(undefined, [], log).report(new Error('x'), {})).not.toThrow();
  });
});

test('words about the bot are no token', () => {
  const said = 'the bot removed from the guild; the bearer of this';
  expect(withoutSecrets(said, [])).toBe(said);
  const stack = new Error('E11000 dup key: { ticket: 1 }, in /x?page=2&q=a').stack as string;
  expect(withoutSecrets(stack)).toBe(stack);
  expect(withoutSecrets('Bot MTA.abc-1.d_e', [])).toBe('Bot [redacted]');
});
