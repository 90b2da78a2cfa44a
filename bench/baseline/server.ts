/**
 * The bare program Deskcord is compared with: what a good developer writes in an hour with the same
 * parts. Express, Socket.IO and the driver, each message one `insertOne` with Deskcord's write
 * concern, then an emit to the ticket's room. No tokens, no validation, no limits, no order, no
 * idempotency, no log. With STORAGE=none it keeps nothing either; with DISCORD_BOT_TOKEN it posts to
 * Discord what it accepts.
 */
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { type Collection, type Document, MongoClient, ObjectId } from 'mongodb';
import { Server } from 'socket.io';
import { startNaiveBridge } from './bridge.ts';

const { MONGO_URI = '', DB_NAME = 'bare', STORAGE = 'mongo' } = process.env;
const { DISCORD_BOT_TOKEN: token, DISCORD_API_URL: api = '', GUILD_ID: guildId = '' } = process.env;
const PAGE = 500;

async function openCollection(): Promise<Collection<Document> | undefined> {
  if (STORAGE === 'none') return undefined;
  const client = new MongoClient(MONGO_URI, {
    writeConcern: { w: 'majority', j: true },
    maxPoolSize: 64,
  });
  await client.connect();
  const messages = client.db(DB_NAME).collection('messages');
  await messages.createIndex({ ticket_id: 1, created_at: 1 });
  return messages;
}

const messages = await openCollection();
const events = new EventEmitter();
if (token) await startNaiveBridge(events, { token, api, guildId });
const app = express();
const http = createServer(app);
const io = new Server(http, { perMessageDeflate: false });

/** The fields of the contract's message, which is what both programs send. */
async function accept(ticketId: string, body: { content: string; client_id?: string }) {
  const now = Date.now();
  const message = {
    ticket_id: ticketId,
    author_id: 'user',
    author_name: 'Ana',
    author_role: 'TEMP_USER',
    content: body.content,
    client_id: body.client_id ?? null,
    attachments: [],
    created_at: now,
    updated_at: now,
  };
  const _id = new ObjectId();
  await messages?.insertOne({ _id, ...message });
  const view = { id: _id.toHexString(), ...message };
  io.to(ticketId).emit('message', view);
  events.emit('message', view);
  return view;
}

app.use(express.json());
app.post('/api/v1/tickets/:id/messages', async (req, res) => {
  res.status(201).json(await accept(req.params.id, req.body));
});
app.get('/api/v1/tickets/:id/messages', async (req, res) => {
  const rows = await messages
    ?.find({ ticket_id: req.params.id })
    .sort({ created_at: 1 })
    .limit(PAGE)
    .toArray();
  res.json(rows);
});

io.on('connection', (socket) => {
  void socket.join(String(socket.handshake.auth.ticket));
  socket.on('send_message', async (body, ack) => {
    ack({ ok: true, message: await accept(body.ticket_id, body) });
  });
});

http.keepAliveTimeout = 65_000;
http.listen(0, '127.0.0.1', 1024, () => {
  const { port } = http.address() as AddressInfo;
  process.send?.({ listening: port });
  process.send?.({ ready: true });
});
process.on('SIGTERM', () => process.exit(0));
