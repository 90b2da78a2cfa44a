import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';

let echo: Server;
let received: string[];
let proxy: FaultProxy;
let clients: Client[];

/** A client that keeps what it got and how its connection ended. */
interface Client {
  socket: Socket;
  got(): string;
  end(): string | undefined;
}

beforeEach(async () => {
  received = [];
  clients = [];
  echo = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      received.push(data.toString());
      socket.write(data);
    });
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  proxy = await startFaultProxy({ target: { port: (echo.address() as { port: number }).port } });
});

afterEach(async () => {
  for (const { socket } of clients) socket.destroy();
  await proxy.close();
  await new Promise((resolve) => echo.close(resolve));
});

async function open(): Promise<Client> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1' });
  let got = '';
  let end: string | undefined;
  socket.on('data', (data) => {
    got += data;
  });
  socket.on('end', () => {
    end ??= 'closed';
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end ??= error.code;
  });
  const client = { socket, got: () => got, end: () => end };
  clients.push(client);
  await once(socket, 'connect');
  return client;
}

async function say(client: Client, text: string): Promise<void> {
  const before = client.got().length;
  client.socket.write(text);
  await eventually(() => expect(client.got().slice(before)).toBe(text));
}

const ended = (client: Client, how: string) => eventually(() => expect(client.end()).toBe(how));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('without a fault', () => {
  test('when bytes are sent, then all of them come back in order', async () => {
    const client = await open();
    const text = 'a message '.repeat(200_000);
    client.socket.write(text);
    await eventually(() => expect(client.got().length).toBe(text.length));
    expect(client.got()).toBe(text);
    expect(proxy.counters).toMatchObject({
      connections: 1,
      open: 1,
      bytesToTarget: text.length,
      bytesToClient: text.length,
      bytesSwallowed: 0,
    });
  });

  test('when one side ends, then so does the other, after the last byte', async () => {
    const client = await open();
    client.socket.end('the last words');
    await ended(client, 'closed');
    expect(client.got()).toBe('the last words');
    await eventually(() => expect(proxy.counters.open).toBe(0));
  });

  test('when the target is away, then the client is reset', async () => {
    const alone = await startFaultProxy({ target: { port: 1 } });
    const socket = connect({ port: alone.port, host: '127.0.0.1' });
    const [error] = await once(socket, 'error');
    expect(error.code).toBe('ECONNRESET');
    await alone.close();
  });
});

describe('slowness', () => {
  test('when there is latency, then each way takes that long and the order stays', async () => {
    const client = await open();
    proxy.setFault({ type: 'latency', ms: 40, jitter: 20 });
    const start = Date.now();
    client.socket.write('1');
    await pause(5);
    client.socket.write('2');
    await eventually(() => expect(client.got()).toBe('12'));
    expect(Date.now() - start).toBeGreaterThanOrEqual(80);
  });

  test('when bytes are sliced, then they arrive in pieces of that size', async () => {
    const client = await open();
    proxy.setFault({ type: 'slice', bytes: 2, delayMs: 10, direction: 'toTarget' });
    client.socket.write('abcdef');
    await eventually(() => expect(client.got()).toBe('abcdef'));
    expect(received).toEqual(['ab', 'cd', 'ef']);
  });

  test('when bandwidth is limited, then the bytes take their time', async () => {
    const client = await open();
    proxy.setFault([
      { type: 'bandwidth', bytesPerSecond: 1000, direction: 'toClient' },
      { type: 'slice', bytes: 20 },
    ]);
    const start = Date.now();
    await say(client, 'x'.repeat(100));
    expect(Date.now() - start).toBeGreaterThanOrEqual(75);
  });
});

describe('cuts', () => {
  test('when requests are cut, then nothing of them arrives', async () => {
    const client = await open();
    proxy.cutRequests();
    client.socket.write('request');
    await ended(client, 'ECONNRESET');
    expect(received).toEqual([]);
    expect(proxy.counters.cuts).toBe(1);
  });

  test('when replies are dropped, then the request arrives and the reply never does', async () => {
    const client = await open();
    proxy.dropReplies();
    client.socket.write('request');
    await ended(client, 'ECONNRESET');
    expect(received).toEqual(['request']);
    expect(client.got()).toBe('');
    expect(proxy.counters).toMatchObject({ cuts: 1, bytesToClient: 0, bytesSwallowed: 7 });
  });

  test('when only one reply is dropped, then the next connection works', async () => {
    const client = await open();
    proxy.dropReplies({ times: 1, how: 'close' });
    client.socket.write('request');
    await ended(client, 'closed');
    await say(await open(), 'request');
    expect(received).toEqual(['request', 'request']);
  });

  test('when the cut waits for a certain request, then the others pass', async () => {
    const client = await open();
    proxy.dropReplies({ when: (sent) => sent.includes('PUT') });
    await say(client, 'GET');
    proxy.dropReplies({ when: (sent) => sent.includes('POST') });
    await say(client, 'PUT');
    client.socket.write('POST');
    await ended(client, 'ECONNRESET');
    expect(client.got()).toBe('GETPUT');
    expect(received).toEqual(['GET', 'PUT', 'POST']);
  });

  test('when a reply is held first, then what follows it is swallowed too', async () => {
    const client = await open();
    proxy.dropReplies({ holdMs: 100 });
    client.socket.write('one');
    await pause(30);
    client.socket.write('two');
    await ended(client, 'ECONNRESET');
    expect(received).toEqual(['one', 'two']);
    expect(client.got()).toBe('');
  });

  test('when only the next connection is meant, then neither older nor later ones are cut', async () => {
    const before = await open();
    await say(before, 'before');
    proxy.cutRequests({ connections: 1 });
    const meant = await open();
    meant.socket.write('cut');
    await ended(meant, 'ECONNRESET');
    await say(await open(), 'after');
    await say(before, 'still');
  });

  test('when connections are cut as they open, then the client is reset', async () => {
    proxy.setFault({ type: 'cut', at: 'connect' });
    const [error] = await once(connect({ port: proxy.port, host: '127.0.0.1' }), 'error');
    expect(error.code).toBe('ECONNRESET');
  });

  test('when the data is limited, then so many bytes arrive and then the end', async () => {
    proxy.setFault({ type: 'limitData', bytes: 5, direction: 'toClient' });
    const client = await open();
    client.socket.write('0123456789');
    await ended(client, 'closed');
    expect(client.got()).toBe('01234');
  });

  test('when the limit is drawn from a range, then the seed decides it', async () => {
    const lengths = async () => {
      const target = { port: (echo.address() as { port: number }).port };
      await proxy.close();
      proxy = await startFaultProxy({ target, seed: 7 });
      proxy.setFault({ type: 'limitData', bytes: [1, 50], direction: 'toClient' });
      const seen: number[] = [];
      for (let count = 0; count < 4; count++) {
        const client = await open();
        client.socket.write('x'.repeat(100));
        await ended(client, 'closed');
        seen.push(client.got().length);
      }
      return seen;
    };
    const first = await lengths();
    expect(new Set(first).size).toBeGreaterThan(1);
    expect(await lengths()).toEqual(first);
  });

  test('when everything is reset, then every open connection ends', async () => {
    const both = [await open(), await open()];
    for (const client of both) await say(client, 'hello');
    proxy.resetAll();
    for (const client of both) await ended(client, 'ECONNRESET');
  });
});

describe('silence', () => {
  test('when bytes vanish, then the connection stays, and is reset once the fault is over', async () => {
    const client = await open();
    await say(client, 'before');
    proxy.setFault({ type: 'blackHole' });
    client.socket.write('lost');
    await pause(50);
    expect(received).toEqual(['before']);
    expect(client.end()).toBeUndefined();
    proxy.clear();
    await ended(client, 'ECONNRESET');
    await say(await open(), 'after');
  });

  test('when only replies vanish, then requests arrive', async () => {
    const client = await open();
    proxy.setFault({ type: 'blackHole', direction: 'toClient' });
    client.socket.write('request');
    await eventually(() => expect(received).toEqual(['request']));
    await pause(20);
    expect(client.got()).toBe('');
    expect(client.end()).toBeUndefined();
  });

  test('when new connections are refused, then the open ones go on, until they are taken again', async () => {
    const client = await open();
    await say(client, 'before');
    await proxy.refuse();
    await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await say(client, 'still');
    await proxy.accept();
    await say(await open(), 'again');
  });
});
