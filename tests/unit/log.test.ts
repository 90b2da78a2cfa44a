import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { redact } from '../../src/infra/log.ts';
import { redactAddresses, redactTarget } from '../../src/infra/secrets.ts';

describe('an address in the log', () => {
  test.each([
    ['/x?token=abc&y=1', '/x?token=[redacted]&y=1'],
    ['/x?%74oken=abc', '/x?%74oken=[redacted]'],
    ['/x?access_token=abc#f', '/x?access_token=[redacted]#f'],
    ['/x?jwt=abc&JWT=def', '/x?jwt=[redacted]&JWT=[redacted]'],
    ['/x?exp=1&sig=abc', '/x?exp=1&sig=[redacted]'],
    ['/x?a=b;authorization=abc', '/x?a=b;authorization=[redacted]'],
    [
      '/socket.io/?EIO=4&transport=polling&sid=abc',
      '/socket.io/?EIO=4&transport=polling&sid=[redacted]',
    ],
    ['/x?%E0%token=abc', '/x?%E0%token=[redacted]'],
    [
      '/x?userToken=abc&bot_token=d&x-api-key=e',
      '/x?userToken=[redacted]&bot_token=[redacted]&x-api-key=[redacted]',
    ],
    ['/x?token1=abc&token[]=d&pass=e', '/x?token1=[redacted]&token[]=[redacted]&pass=[redacted]'],
    ['/x?to=%2Fy%3Ftoken%3Dabc', '/x?to=[redacted]'],
    ['mongodb://ana:hunter2@host/x', 'mongodb://[redacted]@host/x'],
    ['/x?monkey=1&compass=2', '/x?monkey=1&compass=2'],
  ])('%s becomes %s', (url, shown) => {
    expect(redactAddresses(url)).toBe(shown);
  });

  test('is otherwise as it came', () => {
    const url = '/api/v1/tickets?status=OPEN&limit=5&before=x#y';
    expect(redactAddresses(url)).toBe(url);
  });
});

describe('the target of a request in the log', () => {
  test.each([
    ['/api/v1/customers?search=needle%40example.com', '/api/v1/customers?search=[redacted]'],
    ['/api/v1/tickets?q=NEEDLE&limit=5', '/api/v1/tickets?q=[redacted]&limit=5'],
    ['/api/v1/tickets?limit=my+own+words%21', '/api/v1/tickets?limit=[redacted]'],
    ['/x?token%5B%5D=abc&my_token=d', '/x?token%5B%5D=[redacted]&my_token=[redacted]'],
    ['/x?just+words', '/x?[redacted]'],
    ['http://ana:hunter2@host/x', 'http://[redacted]@host/x'],
    ['/a/%65yJhbGciOi.eyJpZCI6.c2ln/b', '/a/[redacted]/b'],
    ['/a/eyJhbGciOi.eyJpZCI6.c2ln/b', '/a/[redacted]/b'],
    ['/socket.io/?EIO=4&sid=abc', '/socket.io/?EIO=4&sid=[redacted]'],
  ])('%s becomes %s', (target, shown) => {
    expect(redactTarget(target)).toBe(shown);
  });

  test.each([
    '/api/v1/tickets/6b0b850b7b1e77c7f2d84b5a/messages',
    '/api/v1/tickets?status=OPEN&limit=5&before=6b0b850b7b1e77c7f2d84b5a.17&created_from=2026-01-01',
  ])('is otherwise as it came: %s', (target) => {
    expect(redactTarget(target)).toBe(target);
  });
});

describe('what nobody is to read', () => {
  test.each([
    ['a field', { token: 'abc', n: 1 }, { token: '[redacted]', n: 1 }],
    [
      'one within another',
      { user: { email: 'a@b.c', id: 1 } },
      { user: { email: '[redacted]', id: 1 } },
    ],
    [
      'one in a list',
      { users: [{ id: 1 }, { secret: 's' }] },
      { users: [{ id: 1 }, { secret: '[redacted]' }] },
    ],
    [
      'under whatever kind of name',
      { headers: { Authorization: 'a', accessToken: 'b', 'x-api-key': 'c' }, fencingToken: 3 },
      {
        headers: {
          Authorization: '[redacted]',
          accessToken: '[redacted]',
          'x-api-key': '[redacted]',
        },
        fencingToken: 3,
      },
    ],
    [
      'in what was said',
      { reason: 'mongodb://ana:hunter2@host failed, see webhooks/12/abc' },
      { reason: 'mongodb://[redacted]@host failed, see webhooks/12/[redacted]' },
    ],
    [
      'whatever it holds',
      { content: { text: 'x' }, password: 0 },
      { content: '[redacted]', password: '[redacted]' },
    ],
  ])('is left out: %s', (_what, fields, shown) => {
    const before = structuredClone(fields);
    expect(redact(fields)).toEqual(shown);
    expect(fields).toEqual(before);
  });

  test('is left out of an error, of what it has within it, and of those it gathers', () => {
    const refused = Object.assign(new Error('GET https://host/?token=hunter2'), {
      config: { headers: { authorization: 'hunter2' } },
    });
    const { err } = redact({ err: new AggregateError([refused], 'all refused') });
    const { err: one } = redact({ err: refused }) as { err: { stack: string } };
    for (const shown of [err, one]) expect(JSON.stringify(shown)).not.toContain('hunter2');
    expect(JSON.stringify(err)).toContain('GET https://host/?token=[redacted]');
    expect(one.stack).toContain('log.test.ts');
  });

  test('costs a line without it nothing: it stays the object it is', () => {
    const at = new Date();
    const fields = {
      request: 'r',
      serial: undefined,
      email: undefined,
      list: [1, { at }],
      bytes: Buffer.from('x'),
    };
    expect(redact(fields)).toBe(fields);
  });

  test('is in no line of the log, nor of those of a part of the program, or with an error', () => {
    const source = `${logging}
      log.info({ token: 'hunter2', request: { authorization: 'hunter2' } }, 'a line');
      log.child({ secret: 'hunter2' }).info('another');
      const cause = { password: 'hunter2', command: { content: 'hunter2' } };
      log.error({ err: Object.assign(new Error('refused'), cause, { code: 7 }) }, 'a third');
      log.error(Object.assign(new Error('refused'), cause));`;
    const { stdout } = spawnSync(process.execPath, [...run, source], { encoding: 'utf8' });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(stdout).not.toContain('hunter2');
    expect(lines).toHaveLength(4);
    expect(lines[2].err).toMatchObject({
      type: 'Error',
      message: 'refused',
      code: 7,
      password: '[redacted]',
    });
    expect(lines[2].err.stack).toContain('Error: refused');
  });
});

const logging = `
  import { createLog } from './src/infra/log.ts';
  const log = createLog({ logLevel: 'info', production: true });`;
const run = ['--import', 'tsx', '--input-type=module', '--eval'];

describe('lines that wait to be written', () => {
  /** What a process says that logs so many lines, and then ends in some way. */
  function logIn(script: string): string[] {
    const source = `${logging}
      for (let n = 0; n < 3000; n++) log.info({ n }, 'a line');
      ${script}`;
    const child = spawnSync(process.execPath, [...run, source], { encoding: 'utf8' });
    return child.stdout.split('\n').filter(Boolean);
  }

  test.each([
    ['it exits', 'process.exit(0);'],
    ['it ends by itself', ''],
    [
      'a bug ends it',
      `process.on('uncaughtException', (err) => { log.fatal({ err }); process.exit(1); });
       setTimeout(() => { log.info({ n: 3000 }, 'a line'); throw new Error('a bug'); }, 100);`,
    ],
  ])('are all there, in order, where %s', (_how, script) => {
    const lines = logIn(script).map((line) => JSON.parse(line) as { n?: number; level: number });
    const info = lines.filter(({ level }) => level === 30);
    expect(info.map(({ n }) => n)).toEqual(info.map((_, nth) => nth));
    expect(info.length).toBeGreaterThanOrEqual(3000);
    if (script.includes('fatal')) expect(lines.at(-1)?.level).toBe(60);
  });

  test('and that nobody reads are bounded; how many were dropped is said when somebody does', async () => {
    // 40 MB, in pieces that have their turns.
    const source = `${logging}
      for (let n = 0; n < 400; n++) {
        for (let m = 0; m < 100; m++) log.info({ n: 100 * n + m }, 'x'.repeat(1000));
        await new Promise((resolve) => setTimeout(resolve, n % 10 ? 0 : 25));
      }
      console.error('all said');`;
    const child = spawn(process.execPath, [...run, source], { stdio: ['ignore', 'pipe', 'pipe'] });
    await once(child.stderr, 'data');
    const pieces: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    await once(child, 'close');
    const text = Buffer.concat(pieces).toString();
    expect(text.length).toBeLessThan(20 * 1024 * 1024);
    const lines = text.trimEnd().split('\n');
    const dropped = /(\d+) lines of the log were dropped/.exec(lines.at(-1) ?? '')?.[1];
    expect(Number(dropped) + lines.length - 1).toBe(40_000);
  });

  // Whoever looks at it makes a pipe non-blocking.
  const start = (script: string) =>
    spawn(process.execPath, [...run, `${logging}process.stdout.isTTY;${script}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  test('do not keep a process that nobody reads from ending', async () => {
    const child = start(`
      for (let n = 0; n < 40; n++) {
        log.info({ n }, 'x'.repeat(10_000));
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      console.error('ends');
      process.exit(3);`);
    await once(child.stderr, 'data');
    const tooLong = setTimeout(() => child.kill('SIGKILL'), 20_000);
    const [code] = await once(child, 'exit');
    clearTimeout(tooLong);
    expect(code).toBe(3);
  });

  test('are whole, in order and all there where their reader is slow', async () => {
    // The end comes while a write is under way.
    const child = start(`
      for (let n = 0; n < 3000; n++) {
        log.info({ n }, 'x'.repeat(1000));
        if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      process.once('exit', () => log.info({ n: 3000 }, 'the last'));
      process.exit(0);`);
    const pieces: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => {
      pieces.push(piece);
      child.stdout.pause();
      setTimeout(() => child.stdout.resume(), 20);
    });
    await once(child, 'close');
    const lines = Buffer.concat(pieces).toString().trimEnd().split('\n');
    const numbers = lines.map((line) => (JSON.parse(line) as { n: number }).n);
    expect(numbers).toEqual(Array.from({ length: 3001 }, (_, nth) => nth));
  });

  test('and were dropped are said at the end too', async () => {
    const child = start(`
      for (let n = 0; n < 40; n++) {
        for (let m = 0; m < 1000; m++) log.info({ n: 1000 * n + m }, 'x'.repeat(1000));
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      console.error('ends');
      process.exit(0);`);
    await once(child.stderr, 'data');
    let text = '';
    child.stdout.on('data', (piece: Buffer) => {
      text += piece;
    });
    await once(child, 'close');
    const lines = text.trimEnd().split('\n');
    const dropped = /(\d+) lines of the log were dropped/.exec(lines.at(-1) ?? '')?.[1];
    expect(Number(dropped) + lines.length - 1).toBe(40_000);
  });
});
