import { describe, expect, test } from '@jest/globals';
import { createHealth, type Part, withoutAddresses } from '../../src/infra/health.ts';
import { redactUrl } from '../../src/infra/redaction.ts';
import { eventually } from '../support/eventually.ts';

describe('a watched part', () => {
  test('is looked at once, however many ask at once and soon after', async () => {
    const health = createHealth(60_000);
    let looks = 0;
    health.watch('mongodb', async () => {
      looks++;
      return { state: 'ok' };
    });
    await Promise.all(Array.from({ length: 500 }, () => health.refresh()));
    await health.refresh();
    expect(looks).toBe(1);
    expect(health.report()).toEqual({ status: 'ok', parts: { mongodb: { state: 'ok' } } });
  });

  test('is looked at again when the answer is old, and one that takes long is shared', async () => {
    const health = createHealth(1);
    let answer: (part: Part) => void = () => undefined;
    let looks = 0;
    health.watch('mongodb', () => {
      looks++;
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    const both = [health.refresh(), health.refresh()];
    answer({ state: 'ok' });
    await Promise.all(both);
    expect(looks).toBe(1);
    await eventually(() => {
      void health.refresh();
      expect(looks).toBe(2);
    });
    answer({ state: 'down', reason: 'MONGO_URI: no answer' });
    await eventually(() => expect(health.report().status).toBe('unavailable'));
  });

  test('what is set is seen at once, whatever was looked at', async () => {
    const health = createHealth(60_000);
    health.watch('mongodb', async () => ({ state: 'ok' }));
    await health.refresh();
    health.set('server', 'down', 'stopping');
    expect(health.report()).toMatchObject({ status: 'unavailable' });
    health.set('server', 'degraded', 'x');
    expect(health.report()).toMatchObject({ status: 'degraded' });
  });
});

test.each([
  ['connect ECONNREFUSED 10.1.2.3:27017', '10.1.2.3'],
  ['connect ECONNREFUSED ::1:27017', '::1'],
  ['connect ECONNREFUSED 2001:db8::1:27017', 'db8'],
  ['no answer of mongodb://root:hunter2@db.internal:27017/x', 'hunter2'],
  ['redis://:hunter2@redis:6379 refuses', 'hunter2'],
  ['getaddrinfo ENOTFOUND db.internal', 'db.internal'],
  ['connection 5 to db-3.internal:27017 closed', 'db-3'],
  ['request to https://proxy.internal/api/v10 failed', 'proxy.internal'],
])('a reason for strangers has no address in it: %s', (reason, hidden) => {
  const health = createHealth();
  health.set('part', 'degraded', reason);
  expect(JSON.stringify(health.report())).not.toContain(hidden);
});

test.each([
  'invite the bot: https://discord.com/oauth2/authorize?client_id=1&scope=bot',
  'MONGO_URI: nothing listens there (ECONNREFUSED)',
  'GUILD_ID: the bot is not in this guild (50001)',
  'entries: index entry_seq differs in uniqueness',
  'waiting since 12:30',
])('and all else stays: %s', (reason) => expect(withoutAddresses(reason)).toBe(reason));

const jwt = `${'eyJhbGciOiJIUzI1NiJ9'}.${'eyJpZCI6IjEifQ'}.c2lnbmF0dXJl`;

test.each([
  ['?token=hunter2', '?token=[redacted]'],
  ['?%74oken=hunter2&page=1', '?%74oken=[redacted]&page=1'],
  ['?%2574oken=hunter2', '?%2574oken=[redacted]'],
  ['?access_token=hunter2', '?access_token=[redacted]'],
  ['?page=1&jwt=hunter2;api-key=hunter2', '?page=1&jwt=[redacted];api-key=[redacted]'],
  ['?Authorization=Bearer%20hunter2', '?Authorization=[redacted]'],
  ['/x/name.png?exp=5&sig=hunter2', '/x/name.png?exp=5&sig=[redacted]'],
  [`?whatever=${jwt}`, '?whatever=[redacted]'],
  [`?whatever=${jwt.replaceAll('.', '%2E')}`, '?whatever=[redacted]'],
  [`/tickets/${jwt}`, '/tickets/[redacted]'],
  ['#id_token=hunter2', '#id_token=[redacted]'],
  ['?password=%zz-hunter2', '?password=[redacted]'],
])('an address in the log carries no secret: %s', (url, shown) => {
  expect(redactUrl(url)).toBe(shown);
});

test.each(['/api/v1/tickets?status=OPEN&limit=5', '/files/1/key.png?exp=3', '/monkey/eyJ'])(
  'what is none stays: %s',
  (url) => expect(redactUrl(url)).toBe(url),
);
