import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type Bot, startBot } from '../../bot/bot.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { type App, createApp } from '../../src/app.ts';
import { type ServerRole, startServer } from '../../src/server-role.ts';
import { testConfig } from '../support/app.ts';
import { quickLease } from '../support/bridge.ts';
import { discordEnv, startDiscord } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson } from '../support/people.ts';

let sim: RunningSimulator;
let app: App;
let server: ServerRole;
let bot: Bot;
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  sim = await startDiscord();
  const config = testConfig(discordEnv(sim));
  const write = (line: string) => void lines.push(JSON.parse(line));
  app = createApp(config, pino({ level: 'debug' }, { write }), config.mongoUri as string);
  await app.ready;
  server = await startServer(app);
  bot = await startBot(app.ctx, { lease: quickLease });
});

afterAll(async () => {
  await bot?.stop();
  await server?.stop();
  await app?.ctx.db.connection.db?.dropDatabase();
  await app?.close();
  await sim?.close();
});

test('a message is followed from its request to Discord by its request, ticket and place, and counted at each door', async () => {
  const url = `http://127.0.0.1:${server.port}`;
  const ana = newPerson(url);
  const socket = listenAt(url, { auth: { token: ana.token } });
  const ticket = await ana.createTicket();
  const headers = { 'x-request-id': 'follow-me' };
  const path = `/tickets/${ticket.id}/messages`;
  const sent = await ana.call<{ seq: number }>('POST', path, { content: 'words' }, headers);
  expect(sent.status).toBe(201);
  await socket.ask('typing', { ticket_id: ticket.id });
  await socket.ask('made_up_by_a_client', {});
  const hops = ['stored', 'heard on the bus', 'emitted to sockets', 'mirrored in Discord'];
  await eventually(
    () => {
      for (const msg of hops) {
        expect(lines).toContainEqual(
          expect.objectContaining({
            msg,
            ticket: ticket.id,
            stream: 'public',
            seq: sent.body.seq,
            type: 'message',
            request: 'follow-me',
          }),
        );
      }
    },
    { timeout: 20_000 },
  );
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'request', request: 'follow-me' }));
  expect(JSON.stringify(lines)).not.toContain('"words"');
  socket.socket.close();

  const counts = [
    /deskcord_http_request_seconds_count\{method="POST",path="\/api\/v1\/tickets\/:\w+\/messages",status="201"\} 1/,
    /deskcord_socket_event_seconds_count\{event="typing",outcome="ok"\} 1/,
    /deskcord_socket_event_seconds_count\{event="unknown",outcome="NOT_FOUND"\} 1/,
    /deskcord_log_entries_stored_total\{type="message"\} 1/,
    /deskcord_log_entries_emitted_total\{event="message"\} 1/,
    /deskcord_queue_runs_total\{queue="outbound",outcome="done"\} [1-9]/,
    /deskcord_discord_post_seconds_count\{outcome="posted"\} [1-9]/,
  ];
  let text = '';
  // A run of the queue ends after what it has posted is seen.
  await eventually(async () => {
    text = await app.ctx.metrics.registry.metrics();
    expect(counts.filter((counted) => !counted.test(text))).toEqual([]);
  });
  // Whatever clients make up, there is no more of it than there are names of ours.
  expect(text).not.toMatch(/made_up_by_a_client|follow-me|[0-9a-f]{24}/);
});
