// DESKCORD_URL=https://support.example.com DESKCORD_TOKEN=… node desk-example.mjs
import { createDesk } from '@deskcord/client/desk';

const { DESKCORD_URL = 'http://127.0.0.1:3000', DESKCORD_TOKEN = '' } = process.env;
const desk = createDesk({ url: DESKCORD_URL, getToken: () => DESKCORD_TOKEN });

const { rows, total } = await desk.tickets.listNew({ page: 1, order: 'asc' });
console.log(`${total} waiting`);
for (const { id, number, topic } of rows.slice(0, 1)) {
  await desk.tickets.claim(id);
  await desk.tickets.update(id, { tags: ['seen'] });
  await desk.tickets.addComment(id, { content: 'I am looking into it.' });
  const { status } = await desk.tickets.snooze(id, { until: Date.now() + 3_600_000 });
  console.log(`#${number} ${topic}: ${status}`);
}
