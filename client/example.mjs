// DESKCORD_URL=https://support.example.com DESKCORD_TOKEN=… node example.mjs
import { createDeskClient } from '@deskcord/client';

const { DESKCORD_URL = 'http://127.0.0.1:3000', DESKCORD_TOKEN = '' } = process.env;
const desk = createDeskClient({ url: DESKCORD_URL, getToken: () => DESKCORD_TOKEN });
desk.on('error', ({ code, message }) => console.error(code, message));
desk.connect();

const ticket = await desk.tickets.create({ topic: 'My fern', description: 'It is unwell.' });
const chat = desk.openTicket(ticket.id);
const answered = new Promise((resolve) => {
  desk.on('message', (message) => {
    if (message.ticket_id === ticket.id && message.author_role === 'AGENT') resolve(message);
  });
});
const { accepted } = chat.send('It stands by the window.');
console.log(`sent as number ${(await accepted).seq}`);
const { author_name, content } = await answered;
console.log(`${author_name}: ${content}`);
desk.close();
