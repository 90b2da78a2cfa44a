/**
 * The least a server can do: answers what the generator wants to hear. It shows how much the
 * generator could drive if the server cost nothing.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const message = JSON.stringify({
  id: '0'.repeat(24),
  ticket_id: '0'.repeat(24),
  content: 'x'.repeat(250),
});

const http = createServer((req, res) => {
  req.resume();
  req.on('end', () => {
    res.writeHead(201, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(message),
    });
    res.end(message);
  });
});

new WebSocketServer({ server: http, perMessageDeflate: false }).on('connection', (socket) => {
  socket.send('0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000}');
  socket.on('message', (data) => {
    const text = String(data);
    if (text.startsWith('40')) {
      socket.send('40{"sid":"s"}');
      return;
    }
    const id = /^42(\d+)/.exec(text)?.[1];
    if (id !== undefined) socket.send(`43${id}[{"ok":true,"message":${message}}]`);
  });
});

http.keepAliveTimeout = 65_000;
http.listen(0, '127.0.0.1', 1024, () => {
  process.send?.({ listening: (http.address() as AddressInfo).port });
  process.send?.({ ready: true });
});
process.on('SIGTERM', () => process.exit(0));
