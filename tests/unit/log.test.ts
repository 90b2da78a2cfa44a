import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { redact, redactText, redactUrl } from '../../src/infra/redaction.ts';
import { eventually } from '../support/eventually.ts';

const jwt = `${'eyJhbGciOiJIUzI1NiJ9'}.${'eyJpZCI6IjEifQ'}.c2lnbmF0dXJl`;

describe('an address in the log', () => {
  test.each([
    ['/x?token=abc&limit=1', '/x?token=[redacted]&limit=1'],
    ['/x?%74oken=abc', '/x?%74oken=[redacted]'],
    ['/x?access_token=abc#f', '/x?access_token=[redacted]#[redacted]'],
    ['/x?jwt=abc&JWT=def', '/x?jwt=[redacted]&JWT=[redacted]'],
    ['/x?exp=1&sig=abc', '/x?exp=1&sig=[redacted]'],
    ['/x?page=2;authorization=abc', '/x?page=2;authorization=[redacted]'],
    [
      '/socket.io/?EIO=4&transport=polling&sid=abc',
      '/socket.io/?EIO=4&transport=polling&sid=[redacted]',
    ],
    ['/x?%E0%token=abc', '/x?%E0%token=[redacted]'],
    ['/api/v1/customers?q=needle4%40example.com', '/api/v1/customers?q=[redacted]'],
    ['/api/v1/tickets?q=NEEDLE5&page=2', '/api/v1/tickets?q=[redacted]&page=2'],
    ['/x?ana%40example.com=1&ana@example.com', '/x?[redacted]=[redacted]&[redacted]'],
    ['/x?status=ana%40example.com', '/x?status=[redacted]'],
    [`/x?status=${jwt}`, '/x?status=[redacted]'],
    ['http://u:PW@h/x', 'http://[redacted]@h/x'],
    ['//u:PW@h/x', '//[redacted]@h/x'],
    [`/x/${jwt.replace('e', '%65')}/y`, '/x/[redacted]/y'],
    ...'jwt_token user_token token[] my_token x-api-key pass token%5B%5D'
      .split(' ')
      .map((name) => [`/x?${name}=S`, `/x?${name}=[redacted]`]),
    ['/x?redirect=%2Fy%3Ftoken%3DS', '/x?redirect=[redacted]'],
  ])('%s becomes %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  test.each(['?a=', 'eyJ', 'a_=', '://a:', 'a@', '?a=%3Fa%3D'])(
    'or a text that is nothing but "%s" is looked through in time',
    (piece) => {
      const text = piece.repeat(16_000 / piece.length);
      const start = performance.now();
      redactUrl(`/x${text}`);
      redactText(`x: ${text}`);
      expect(performance.now() - start).toBeLessThan(1000);
    },
  );

  test('is otherwise as it came', () => {
    const filters =
      'status=OPEN,PENDING&issue_level=URGENT&created_from=2026-01-02T03:04:05%2B01:00';
    const url = `/api/v1/tickets?${filters}&limit=5&before=12.3&assigned_to=none`;
    expect(redactUrl(url)).toBe(url);
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
      'whatever it holds',
      { content: { text: 'x' }, password: 0 },
      { content: '[redacted]', password: '[redacted]' },
    ],
  ])('is left out: %s', (_what, fields, shown) => {
    const before = structuredClone(fields);
    expect(redact(fields)).toEqual(shown);
    expect(fields).toEqual(before);
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

  test('is in no line either where it lies deep, has another name, or is in a text', () => {
    const source = `${logging}
      log.child({ a: { token: 'hunter2' } }).child({ b: { apiKey: 'hunter2' } }, {}).info('a part');
      log.info({ request: { headers: { Authorization: 'hunter2', 'x-api-key': 'hunter2' } } }, 'names');
      log.info({ apiKey: 'hunter2', access_token: 'hunter2', userEmail: 'hunter2', n: 1 }, 'names');
      const texts = [
        'failed: mongodb+srv://u:hunter2@h/x', 'redis://:hunter2@h', 'jwt ${jwt}', 'to ana-hunter2@example.com',
        'https://discord.com/api/webhooks/1/hunter2', '/api/interactions/1/hunter2/callback',
        'GET http://h/x?user_token=hunter2', 'GET /x?redirect=%2Fy%3Ftoken%3Dhunter2', 'token=hunter2',
      ];
      for (const text of texts) {
        log.info(text);
        log.warn({ reason: text, problems: [text] }, text);
        log.error(new Error(text));
        log.error({ err: new Error('outer', { cause: new Error(text) }) });
        log.error({ err: new AggregateError([new Error(text)], text) }, 'several');
        log.error({ err: Object.assign(new Error('deep'), { config: { url: text } }) }, 'deep');
      }
      const own = Object.assign(new Error('x'), {
        config: { headers: { authorization: 'hunter2' } },
        errors: [Object.assign(new Error('member'), { password: 'hunter2' })],
      });
      log.error({ err: own }, 'an error');
      log.error({ err: new AggregateError([own], 'several') }, 'several');
      let far = { token: 'hunter2' };
      for (let n = 0; n < 20; n++) far = { far };
      log.info(far, 'far');
      const round = { token: 'hunter2' };
      round.round = [round, round, round];
      log.info({ round }, 'round');`;
    const { stdout } = spawnSync(process.execPath, [...run, source], { encoding: 'utf8' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.includes('hunter2') || line.includes(jwt))).toEqual([]);
    expect(lines).toHaveLength(3 + 9 * 6 + 4);
    expect(JSON.parse(lines[2] as string)).toMatchObject({
      apiKey: '[redacted]',
      n: 1,
      msg: 'names',
    });
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

  test.each([
    ['when somebody does', ''],
    ['also where it exits', 'process.exit(0);'],
  ])('and that nobody reads are bounded; how many were dropped is said %s', async (_how, end) => {
    // 40 MB, in pieces that have their turns.
    const source = `${logging}
      for (let n = 0; n < 400; n++) {
        for (let m = 0; m < 100; m++) log.info({ n: 100 * n + m }, 'x'.repeat(1000));
        await new Promise((resolve) => setTimeout(resolve, n % 10 ? 0 : 25));
      }
      console.error('all said');
      ${end}`;
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

  /** Runs it with stdout as a pipe to a shell command, or as a socket that nobody reads. */
  async function runInto(reader: string | undefined, script: string) {
    const source = `${logging}\n${script}`;
    const shell = `{ "$0" "$@"; echo "code $?" >&2; } | { ${reader}; }`;
    const args = [...run, source];
    const child = reader
      ? spawn('sh', ['-c', shell, process.execPath, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
      : spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, said] = ['', ''];
    const read = () => child.stdout.on('data', (data) => (out += data));
    if (reader) read();
    else child.once('exit', read);
    const closed = once(child, 'close');
    child.stderr.on('data', (data) => (said += data));
    if (reader) await eventually(() => expect(said).toContain('code'), { timeout: 30_000 });
    const [exitCode] = reader ? [] : await closed;
    const code = exitCode ?? Number(/code (\d+)/.exec(said)?.[1]);
    const took = Date.now() - Number(/exits at (\d+)/.exec(said)?.[1]);
    const finish = () => closed.then(() => out);
    return { code, took, said, finish };
  }
  const exit = `console.error('exits at ' + Date.now()); process.exit(7);`;
  const numbersOf = (text: string) => {
    expect(text.endsWith('\n')).toBe(true);
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).n as number);
  };

  test.each([
    ['a pipe', 'sleep 8; cat'],
    ['a socket', undefined],
  ])('do not keep a process that nobody reads: %s', async (_what, reader) => {
    const script = `
      for (let n = 0; n < 3000; n++) log.info({ n }, 'x'.repeat(n % 700));
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (let n = 3000; n < 4000; n++) log.info({ n }, 'x'.repeat(n % 700));
      ${exit}`;
    const { code, took, said, finish } = await runInto(reader, script);
    expect(code).toBe(7);
    expect(took).toBeLessThan(5000);
    // Whole lines without a gap, and the number of the others.
    const numbers = numbersOf(await finish());
    expect(numbers).toEqual(numbers.map((_, nth) => nth));
    const unwritten = Number(/last (\d+) lines of the log were not written/.exec(said)?.[1]);
    expect(numbers.length + unwritten).toBe(4000);
  });

  test.each([
    ['in hand', 'await new Promise((resolve) => setTimeout(resolve, 100));'],
    ['not begun', ''],
  ])('are written whole and as fast as somebody reads, with a write %s', async (_what, turn) => {
    const reading = `for (const bytes = Buffer.alloc(65536);;) {
      const count = require('fs').readSync(0, bytes);
      if (!count) break;
      process.stdout.write(bytes.subarray(0, count));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }`;
    const reader = `${process.execPath} -e "${reading.replaceAll('\n', ' ')}"`;
    const script = `
      for (let n = 0; n < 3000; n++) log.info({ n }, 'x'.repeat(1000));
      ${turn}
      for (let n = 3000; n < 6000; n++) log.info({ n }, 'x'.repeat(1000));
      ${exit}`;
    const { code, took, finish } = await runInto(reader, script);
    expect(code).toBe(7);
    // 6 MB are 100 times 64 KB, each 20 ms.
    expect(took).toBeLessThan(4500);
    expect(numbersOf(await finish())).toEqual([...Array(6000).keys()]);
  });
});
