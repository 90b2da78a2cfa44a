import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Actor } from '../../src/domain/access/actor.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
import { createHttpServer, listen } from '../../src/http/server.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { testMongoUri } from '../support/mongo.ts';
import { mintToken } from '../support/people.ts';
import { parseAnswer } from '../support/raw-http.ts';
import { expectSoundLog, upTo } from '../support/sound-log.ts';

const WAITING_WRITES = 10_000;
const ana: Actor = {
  key: 'ana',
  id: 'ana',
  username: 'Ana',
  email: 'ana@example.com',
  role: 'CUSTOMER',
  origin: 'web',
};

describe('writes that wait for a MongoDB that says nothing', () => {
  let proxy: FaultProxy;
  let app: RunningApp;
  beforeAll(async () => {
    const uri = new URL(testMongoUri());
    proxy = await startFaultProxy({ target: { port: Number(uri.port) } });
    uri.port = String(proxy.port);
    uri.searchParams.delete('replicaSet');
    uri.searchParams.set('directConnection', 'true');
    app = await startApp({ MONGO_URI: uri.href, WRITE_DEADLINE_MS: '60000' });
  });
  afterAll(async () => {
    await app.stop();
    await proxy.close();
  });

  test('when 10,000 wait, then the next is refused at once, and those that wait are written in order', async () => {
    const { ctx } = app;
    const { ticket } = await createTicket(ctx, ana, { topic: 't', description: 'd' });
    const send = (content: string) => sendMessage(ctx, ana, ticket.id, { content });
    await send('first');
    proxy.setFault({ type: 'latency', ms: 5000, direction: 'toTarget' });
    const waiting = upTo(WAITING_WRITES).map((number) => send(`message ${number}`));
    const start = performance.now();
    await expect(send('one too many')).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: 'too many writes are waiting',
      details: { retryAfter: 2 },
    });
    // And not when the deadline of those that wait has passed.
    expect(performance.now() - start).toBeLessThan(ctx.config.writeDeadlineMs);
    proxy.clear();
    await Promise.all(waiting);
    const entries = await expectSoundLog(ctx, ticket.id);
    expect(entries).toHaveLength(WAITING_WRITES + 1);
    expect((await send('room again')).message.seq).toBe(WAITING_WRITES + 2);
  }, 120_000);
});

describe('a peer that takes its time', () => {
  let app: RunningApp;
  let webhook: Server;
  let reports = 0;
  beforeAll(async () => {
    webhook = createServer((_req, res) => {
      reports++;
      res.writeHead(204).end();
    }).listen(0, '127.0.0.1');
    await once(webhook, 'listening');
    const { port } = webhook.address() as AddressInfo;
    app = await startApp({ ERROR_WEBHOOK_URL: `http://127.0.0.1:${port}/` });
  });
  afterAll(async () => {
    await app.stop();
    webhook.close();
  });

  const unfinished = [
    ['its headers', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    [
      'its body',
      `POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${mintToken()}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    ],
  ] as const;

  test('has 15 s for its headers, 120 s for a whole request, 65 s between two', () => {
    const http = createHttpServer(app.ctx);
    expect(http.headersTimeout).toBe(15_000);
    expect(http.requestTimeout).toBe(120_000);
    expect(http.keepAliveTimeout).toBe(65_000);
  });

  test.each(unfinished)(
    'when it never ends %s, then it is told and cut off, and no operator is',
    async (_what, bytes) => {
      const http = createHttpServer(app.ctx);
      http.headersTimeout = 200;
      http.requestTimeout = 200;
      const port = await listen(http, 0, '127.0.0.1');
      const received = await new Promise<string>((resolve, reject) => {
        let text = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
        socket.on('data', (data) => {
          text += data.toString();
        });
        socket.on('error', reject);
        socket.on('close', () => resolve(text));
      });
      http.close();
      const answer = parseAnswer(received);
      expect(answer.status).toBe(408);
      expect(JSON.parse(answer.text)).toEqual({
        error: 'REQUEST_TIMEOUT',
        message: 'the request took too long',
      });
      await sleep(200);
      expect(reports).toBe(0);
    },
  );
});
